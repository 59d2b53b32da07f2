/** Looks at balances and pays; its manifest says up to which amount. */
import { catalogueRequests, toolsHost } from '../catalogue.ts';

export const request = catalogueRequests(toolsHost);
