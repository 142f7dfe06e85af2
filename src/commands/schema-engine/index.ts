export { diffFromMigrations, readMigrations, readSchema, type SchemaFile, startEngine } from './schema-engine.js';
