export { AuditModule } from './audit.module.js';
export { AuditRecorder } from './audit-recorder.js';
export { AuditRetention } from './chain/audit-retention.js';
export { type AuditRecord, AuditSink, AuditSinks } from './sinks/audit-sink.js';
export { type Evidence, verificationOf } from './chain/audit-verification.js';
export { publicKeyText, type SignedCheckpoint, trustedKeys } from './chain/checkpoint.js';
export { ExportVerifier } from './chain/export-verifier.js';
