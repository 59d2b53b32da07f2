/** Approvals put together: store, approvers, listener and control. */
import type { ApprovalConfig } from '#contract/config.ts';
import type { CostReport } from '#contract/control.ts';
import type { Telemetry } from '../../collectors/telemetry/index.ts';
import type { Clock } from '../clock.ts';
import { Approval, checkApprovalConfig, defaultExpires_ms } from '../controls/approval.ts';
import { closeServer, listen } from '../server.ts';
import { Approvers } from './approvers.ts';
import { approvalsServer } from './server.ts';
import { ApprovalStore } from './store.ts';

export interface Desk {
  readonly control: Approval;
  /** Where approvers go: page at `/`, API below `/api`. */
  readonly url: string;
  close(): Promise<void>;
}

export interface DeskOptions {
  clock: Clock;
  telemetry: Telemetry;
  costs: () => CostReport | null;
}

/** @throws WeighbridgeError CONFIG, INTEGRITY (what the file holds), PORT_TAKEN */
export async function openDesk(config: ApprovalConfig, { clock, telemetry, costs }: DeskOptions): Promise<Desk> {
  checkApprovalConfig(config);
  const approvers = new Approvers(config.approvers);
  const { file, expires_ms = defaultExpires_ms } = config;
  const store = await ApprovalStore.open({ file, expires_ms, clock, approvers: approvers.ids });
  let urls: string[] = [];
  const server = approvalsServer({
    store,
    approvers,
    clock,
    urls: () => urls,
    costs,
    note: (event) => telemetry.log.info(event, 'a human decided on an approval'),
  });
  const url = await listen(server, config.port ?? 0);
  const external_url = config.external_url ?? url;
  urls = [url, url.replace('127.0.0.1', 'localhost'), external_url];
  return {
    control: new Approval({ config, store, clock, external_url }),
    url,
    async close() {
      await closeServer(server);
      await store.close();
    },
  };
}
