export { AuditModule } from './audit.module.js';
export { AuditRecorder } from './audit-recorder.js';
export { AuditRetention } from './chain/audit-retention.js';
export { type AuditRecord, AuditSink } from './sinks/audit-sink.js';
export { AuditSinks } from './sinks/audit-sinks.js';
export { type Evidence, verificationOf } from './chain/audit-verification.js';
export { publicKeyText, type SignedCheckpoint, trustedKeys } from './chain/checkpoint.js';
export { ExportVerifier } from './chain/export-verifier.js';
