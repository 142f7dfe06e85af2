// Starts the application with an audit recorder that writes nothing. The difference in speed is the cost of auditing.
import { AuditRecorder } from '../dist/audit/audit-recorder.js';

AuditRecorder.prototype.onModuleInit = () => undefined;
AuditRecorder.prototype.record = async () => undefined;
await import('../dist/main.js');
