export { AuditModule } from './audit.module.js';
export { AuditRecorder } from './audit-recorder.js';
export { AuditRetention } from './audit-retention.js';
export { type AuditRecord, AuditSink, AuditSinks } from './audit-sink.js';
export { type Evidence, verificationOf } from './audit-verification.js';
export { publicKeyText, type SignedCheckpoint, trustedKeys } from './checkpoint.js';
export { ExportVerifier } from './export-verifier.js';
