/** Searches. */
import { catalogueRequests, toolsHost } from '../catalogue.ts';

export const request = catalogueRequests(toolsHost);
