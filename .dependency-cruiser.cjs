// Who may import whom: main → app → app.module → extensions → core → features → passwords → platform → config.
// A room (a folder of src/ or of src/platform/) is entered through its index.ts only.
const FEATURES = '(users|auth|access|email|audit|health)';
const ROOM = `^src/(${FEATURES.slice(1, -1)}|passwords|config|platform/[^/]+)/`;

module.exports = {
  forbidden: [
    { name: 'no-file-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-folder-cycles', severity: 'error', scope: 'folder', from: {}, to: { circular: true } },
    {
      name: 'rooms-meet-at-the-index',
      severity: 'error',
      from: { path: ROOM },
      to: { path: ROOM, pathNot: ['^src/$1/', '^src/(platform/)?[^/]+/index\\.ts$'] },
    },
    {
      name: 'rooms-are-entered-at-the-index',
      severity: 'error',
      from: { path: '^src/', pathNot: ROOM },
      to: { path: ROOM, pathNot: '^src/(platform/)?[^/]+/index\\.ts$' },
    },
    {
      name: 'config-imports-nothing-above-it',
      severity: 'error',
      from: { path: '^src/config/' },
      to: { path: '^src/', pathNot: '^src/config/' },
    },
    {
      name: 'platform-knows-no-feature',
      severity: 'error',
      from: { path: '^src/platform/' },
      to: { path: '^src/', pathNot: '^src/(platform|config)/' },
    },
    {
      name: 'passwords-knows-no-feature',
      severity: 'error',
      from: { path: '^src/passwords/' },
      to: { path: '^src/', pathNot: '^src/(passwords|platform|config)/' },
    },
    {
      name: 'features-import-downwards',
      severity: 'error',
      from: { path: `^src/${FEATURES}/` },
      to: { path: '^src/', pathNot: `^src/(passwords|platform|config|${FEATURES.slice(1, -1)})/` },
    },
    {
      name: 'users-and-health-import-no-feature',
      severity: 'error',
      from: { path: '^src/(users|health)/' },
      to: { path: `^src/${FEATURES}/`, pathNot: '^src/$1/' },
    },
    {
      name: 'access-imports-users-only',
      severity: 'error',
      from: { path: '^src/access/' },
      to: { path: '^src/(auth|email|audit|health)/' },
    },
    {
      name: 'audit-imports-users-only',
      severity: 'error',
      from: { path: '^src/audit/' },
      to: { path: '^src/(auth|access|email|health)/' },
    },
    {
      name: 'auth-imports-users-and-access-only',
      severity: 'error',
      from: { path: '^src/auth/' },
      to: { path: '^src/(email|audit|health)/' },
    },
    {
      name: 'email-imports-users-access-and-auth-only',
      severity: 'error',
      from: { path: '^src/email/' },
      to: { path: '^src/(audit|health)/' },
    },
    {
      name: 'only-the-loader-imports-extensions',
      severity: 'error',
      from: { pathNot: '^src/(extensions/|load-extensions\\.ts$)' },
      to: { path: '^src/extensions/' },
    },
    {
      name: 'extensions-use-the-core-only',
      severity: 'error',
      from: { path: '^src/extensions/([^/]+)/' },
      to: { path: '^src/', pathNot: ['^src/extensions/$1/', '^src/(core|extensions/[^/]+)/index\\.ts$'] },
    },
    {
      name: 'only-extensions-import-the-core',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/((core|extensions)/|index\\.ts$)' },
      to: { path: '^src/core/' },
    },
    {
      name: 'nothing-imports-the-top',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: '^src/((main|app|app\\.module|index|user-management\\.module)\\.ts$|commands/|testing/)',
      },
      to: { path: '^src/(main|app|app\\.module|load-extensions)\\.ts$' },
    },
    {
      name: 'production-code-needs-no-development-package',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/commands/schema-engine/', '\\.test\\.ts$'] },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-migrate-new-needs-the-schema-engine',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/commands/(migrate-new\\.ts$|schema-engine/)' },
      to: { path: '^src/commands/schema-engine/' },
    },
    {
      name: 'commands-load-when-they-run',
      severity: 'error',
      from: { path: '^src/commands/uma\\.ts$' },
      to: { path: '^src/', pathNot: '^src/(commands/usage\\.error\\.ts$|platform/errors/)', dynamic: false },
    },
    {
      name: 'webassembly-loads-when-it-is-used',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(platform/postgres/pglite\\.driver\\.ts$|commands/schema-engine/)' },
      to: {
        path: ['/pglite\\.driver\\.ts$', 'node_modules/(@electric-sql/pglite|pglite-prisma-adapter)/'],
        dynamic: false,
        dependencyTypesNot: ['type-only'],
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: 'platform/database/generated' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types'],
    },
  },
};
