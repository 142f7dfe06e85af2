import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';

/** The names that `#core` exports, a line each, with their kind and members or parameters. */
function publicApi(): string {
  const { config } = ts.readConfigFile('tsconfig.json', (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, '.');
  const program = ts.createProgram(['src/core/index.ts'], options);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile('src/core/index.ts');
  const module = source && checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error('src/core/index.ts has no exports');
  const lines = checker.getExportsOfModule(module).map((symbol) => {
    const original = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    return `${symbol.name}: ${kindOf(original)}${membersOf(checker, original)}`;
  });
  return `${lines.toSorted().join('\n')}\n`;
}

function kindOf({ flags }: ts.Symbol): string {
  if (flags & ts.SymbolFlags.Class) return 'class';
  if (flags & ts.SymbolFlags.Interface) return 'interface';
  if (flags & ts.SymbolFlags.TypeAlias) return 'type';
  if (flags & ts.SymbolFlags.Function) return 'function';
  return flags & ts.SymbolFlags.Namespace ? 'namespace' : 'value';
}

/** What an extension can use of a class or an interface of this project, and how a function is called. */
function membersOf(checker: ts.TypeChecker, symbol: ts.Symbol): string {
  const [declaration] = symbol.declarations ?? [];
  if (declaration === undefined || /node_modules|generated/.test(declaration.getSourceFile().fileName)) return '';
  if (symbol.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface)) {
    const members = checker
      .getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol))
      .filter((member) => !isHidden(member))
      .map(({ name, flags }) => (flags & ts.SymbolFlags.Optional ? `${name}?` : name));
    return ` { ${members.toSorted().join(', ')} }`;
  }
  const [signature] = checker.getTypeOfSymbolAtLocation(symbol, declaration).getCallSignatures();
  return signature === undefined ? '' : ` (${signature.parameters.map(({ name }) => name).join(', ')})`;
}

/** Private, or of a package such as Prisma's client. */
function isHidden({ declarations = [] }: ts.Symbol): boolean {
  return declarations.some(
    (declaration) =>
      (ts.getCombinedModifierFlags(declaration) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0 ||
      /node_modules|generated/.test(declaration.getSourceFile().fileName),
  );
}

describe('What extensions build on', () => {
  it('is what docs/api/core.txt says: a change that breaks extensions raises EXTENSION_API', async () => {
    const api = publicApi();
    if (process.env.UPDATE_CORE_API === 'true') ts.sys.writeFile('docs/api/core.txt', api);
    expect(api).toBe(await readFile('docs/api/core.txt', 'utf8'));
  });
});
