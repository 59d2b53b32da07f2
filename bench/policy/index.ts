/** One policy definition: compiled for either side, and where the sides differ. */
export { type ComparedCampaign, type ComparedGateway, compareGateway } from './campaign.ts';
export { type CompiledPolicy, compilePolicy, nativeText } from './compile.ts';
export { type DifferingCall, type DiffInput, differs, diffPolicies, type PolicyDiff } from './diff.ts';
export {
  type ApprovalRules,
  type GatewayCall,
  type GatewayRule,
  type GatewaySide,
  type GatewayVerdict,
  withApprovals,
} from './gateway.ts';
export { type PolicyManifest, readManifest } from './manifest.ts';
export { type NativeTable, nativeDecider } from './native.ts';
export { renderDiff } from './render.ts';
