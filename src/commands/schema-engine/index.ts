export { diffFromMigrations, readMigrations, startEngine } from './schema-engine.js';
