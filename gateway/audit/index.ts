/** What commands may use of the audit log. */
export { readCheckpoints } from './checkpoints.ts';
export { cefOf } from './export/cef.ts';
export { ocsfCheck, ocsfOf } from './export/ocsf.ts';
export { otlpOf } from './export/otlp.ts';
export { packLog } from './pack.ts';
export { type AuditQuery, describeRecord, queryLog } from './query.ts';
export { type Verification, verifyLog } from './verify.ts';
