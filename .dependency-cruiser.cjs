// Who may import whom: main → app → app.module → extensions → features → platform → config.
// Between features only through the other's index.ts, along the arrows named below.
const FEATURES = '(users|auth|access|audit|health)';

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'config-is-the-bottom',
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
      name: 'features-import-downwards',
      severity: 'error',
      from: { path: `^src/${FEATURES}/` },
      to: { path: '^src/', pathNot: `^src/(platform|config|${FEATURES.slice(1, -1)})/` },
    },
    {
      name: 'features-meet-at-the-index',
      severity: 'error',
      from: { path: `^src/${FEATURES}/` },
      to: { path: `^src/${FEATURES}/`, pathNot: ['^src/$1/', '/index\\.ts$'] },
    },
    {
      name: 'users-and-health-import-no-sibling',
      severity: 'error',
      from: { path: '^src/(users|health)/' },
      to: { path: `^src/${FEATURES}/`, pathNot: '^src/$1/' },
    },
    {
      name: 'access-imports-users-only',
      severity: 'error',
      from: { path: '^src/access/' },
      to: { path: '^src/(auth|audit|health)/' },
    },
    {
      name: 'auth-imports-users-and-access-only',
      severity: 'error',
      from: { path: '^src/auth/' },
      to: { path: '^src/(audit|health)/' },
    },
    {
      name: 'nobody-imports-extensions',
      severity: 'error',
      from: { pathNot: '^src/(extensions/|load-extensions\\.ts$)' },
      to: { path: '^src/extensions/' },
    },
    {
      name: 'nobody-imports-the-top',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/((main|app|app\\.module)\\.ts$|commands/)' },
      to: { path: '^src/(main|app|app\\.module|openapi|load-extensions)\\.ts$' },
    },
    {
      name: 'only-config-reads-the-environment-file',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/config/' },
      to: { path: '^src/config/(?!index\\.ts$)' },
    },
    {
      name: 'nothing-ships-what-only-development-has',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: 'platform/database/generated' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types'] },
  },
};
