import { AUDIT_ACTION_NAME } from '#platform/events';
import { statSync } from 'node:fs';
import { satisfies, validRange } from 'semver';
import { parseDuration } from '#config';
import { tablePrefix } from '#platform/database';
import { isAttribute } from './attribute.js';
import { attributeIndex } from './user-attributes.js';
import { EXTENSION_API, type ExtensionDefinition } from './define-extension.js';

const NAME = /^[a-z][a-z0-9-]{0,39}$/;
/** Of PostgreSQL's names. */
const MAX_NAME = 63;
const MEMBER_NAME = /^[a-z][A-Za-z0-9]{0,39}$/;
const PERMISSION = /^[a-z][a-z0-9-]*:[a-z][a-z0-9-]*$/;

/** The methods of a provider, by the member that names its class. */
const METHODS = {
  health: ['check'],
  loginRules: ['check'],
  passwordRule: ['check'],
  jobs: ['run'],
  personalData: ['export', 'erase'],
} as const;

const MEMBERS = new Set([
  'name',
  'api',
  'requires',
  'module',
  'config',
  'permissions',
  'auditActions',
  'health',
  'claims',
  'loginRules',
  'passwordRule',
  'jobs',
  'attributes',
  'personalData',
  'mailTemplates',
]);

/** What is wrong with the extensions, one line for each fault, with the extension's name and the wrong value. */
export function extensionFaults(extensions: readonly ExtensionDefinition[]): string[] {
  const names = new Set(extensions.map(({ name }) => name));
  return [
    ...extensions.flatMap((extension) => faultsOf(extension, names)),
    ...clashes(extensions),
    ...[...names].flatMap((name) => sharedPrefixes(name, names)),
  ];
}

function faultsOf(extension: ExtensionDefinition, names: ReadonlySet<string>): string[] {
  const {
    name,
    api,
    requires = [],
    permissions = {},
    auditActions = [],
    health = {},
    claims = {},
    jobs = {},
    attributes = {},
    mailTemplates,
  } = extension;
  const faults = [
    ...(NAME.test(name) ? [] : ['its name must be small letters, digits and hyphens']),
    ...apiFaults(api),
    ...requires
      .filter((other) => !names.has(other))
      .map((other) => `requires the extension ${other}, which is not there: add it, or remove this one`),
    ...Object.keys(extension)
      .filter((member) => !MEMBERS.has(member))
      .map((member) => `defineExtension knows no ${member}`),
    ...Object.keys(permissions)
      .filter((permission) => !PERMISSION.test(permission))
      .map((permission) => `the permission ${permission} is not named resource:action`),
    ...auditActions
      .filter((action) => !AUDIT_ACTION_NAME.test(action))
      .map((action) => `the audit action ${action} is not named noun.past_verb`),
    ...[...Object.keys(health), ...Object.keys(claims), ...Object.keys(jobs), ...Object.keys(attributes)]
      .filter((member) => !MEMBER_NAME.test(member))
      .map((member) => `${member} must be letters and digits, and begin with a small letter`),
    ...Object.entries(claims)
      .filter(([, claim]) => typeof claim !== 'function')
      .map(([claim]) => `the claim ${claim} is not a function`),
    ...Object.entries(attributes)
      .filter(([, definition]) => !isAttribute(definition))
      .map(([one]) => `the attribute ${one} must be made by attribute.string or another of its functions`),
    ...Object.entries(attributes)
      .filter(([one, definition]) => isAttribute(definition) && attributeIndex(name, one, definition).length > MAX_NAME)
      .map(([one]) => `the attribute ${one} has too long a name for its index, which may have ${MAX_NAME} characters`),
    ...Object.values(attributes)
      .map(({ claim }) => claim)
      .filter((claim) => claim !== undefined && (!MEMBER_NAME.test(claim) || claim in claims))
      .map((claim) =>
        MEMBER_NAME.test(claim ?? '')
          ? `the claim ${claim} of an attribute is among its claims too`
          : `the claim ${claim} of an attribute must be letters and digits, and begin with a small letter`,
      ),
    ...Object.entries(jobs)
      .filter(([, { every }]) => intervalOf(every) === undefined)
      .map(([job, { every }]) => `the job ${job} must run every 1s or more, such as 15m or 24h, and not ${every}`),
    ...(mailTemplates === undefined || isFolder(mailTemplates)
      ? []
      : ["mailTemplates must be the URL of a folder, such as new URL('./mails/', import.meta.url)"]),
    ...providerFaults(extension),
  ];
  return faults.map((fault) => `Extension ${name}: ${fault}.`);
}

function isFolder(url: unknown): boolean {
  return (
    url instanceof URL && url.protocol === 'file:' && statSync(url, { throwIfNoEntry: false })?.isDirectory() === true
  );
}

/** In milliseconds; `undefined` for what is no interval of a second or more. */
export function intervalOf(every: string): number | undefined {
  const ms = parseDuration(every);
  return ms !== undefined && ms >= 1_000 ? ms : undefined;
}

function apiFaults(api: unknown): string[] {
  if (typeof api !== 'string' || validRange(api) === null) {
    return [`api must be a range of versions such as ^${EXTENSION_API}, and is ${String(api)}`];
  }
  return satisfies(EXTENSION_API, api)
    ? []
    : [`is made for version ${api} of the extension API, and this is ${EXTENSION_API}: upgrade the extension`];
}

function providerFaults(extension: ExtensionDefinition): string[] {
  const { health = {}, loginRules = [], passwordRule, jobs = {}, personalData } = extension;
  const providers: [member: keyof typeof METHODS, provider: unknown][] = [
    ...Object.values(health).map((provider) => ['health', provider] as ['health', unknown]),
    ...Object.values(jobs).map(({ run }) => ['jobs', run] as ['jobs', unknown]),
    ...loginRules.map((provider) => ['loginRules', provider] as ['loginRules', unknown]),
    ...(passwordRule === undefined ? [] : [['passwordRule', passwordRule] as ['passwordRule', unknown]]),
    ...(personalData === undefined ? [] : [['personalData', personalData] as ['personalData', unknown]]),
  ];
  return providers
    .filter(([member, provider]) => !METHODS[member].every((method) => hasMethod(provider, method)))
    .map(
      ([member, provider]) =>
        `${member} must be a class with a method ${METHODS[member].join(' and a method ')}, and is ${nameOf(provider)}`,
    );
}

function hasMethod(provider: unknown, method: string): boolean {
  if (typeof provider !== 'function') return false;
  const prototype: unknown = provider.prototype;
  return typeof prototype === 'object' && prototype !== null && typeof Reflect.get(prototype, method) === 'function';
}

function nameOf(value: unknown): string {
  return typeof value === 'function' ? value.name : typeof value;
}

/** The tables of `team` and of `team-billing` could not be told apart. */
function sharedPrefixes(name: string, names: ReadonlySet<string>): string[] {
  return [...names]
    .filter((other) => other !== name && tablePrefix(other).startsWith(tablePrefix(name)))
    .map((other) => `Extension ${other}: its name begins like that of the extension ${name}: rename one of them.`);
}

/** What only one extension may have. */
function clashes(extensions: readonly ExtensionDefinition[]): string[] {
  const claimed = extensions.flatMap(({ name, permissions = {}, passwordRule }) => [
    { what: 'the name', by: name, of: name },
    ...Object.keys(permissions).map((permission) => ({
      what: `the permission ${permission}`,
      by: name,
      of: permission,
    })),
    ...(passwordRule === undefined ? [] : [{ what: 'a passwordRule', by: name, of: 'passwordRule' }]),
  ]);
  const first = new Map<string, string>();
  return claimed.flatMap(({ what, by }) => {
    const earlier = first.get(what === 'the name' ? `the name ${by}` : what);
    first.set(what === 'the name' ? `the name ${by}` : what, earlier ?? by);
    return earlier === undefined ? [] : [`Extension ${by}: ${what} is taken by the extension ${earlier}.`];
  });
}
