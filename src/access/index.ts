export { AccessModule } from './access.module.js';
export { FirstAdmin } from './first-admin.js';
export { permissionsOf } from './roles.js';
