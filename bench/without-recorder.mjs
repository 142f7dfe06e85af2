// The application with a recorder that writes nothing: what auditing costs is the difference.
import { AuditRecorder } from '../dist/audit/audit-recorder.js';

AuditRecorder.prototype.onModuleInit = () => undefined;
AuditRecorder.prototype.record = async () => undefined;
await import('../dist/main.js');
