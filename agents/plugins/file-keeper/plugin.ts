/** Reads, writes and removes files. */
import { catalogueRequests, toolsHost } from '../catalogue.ts';

export const request = catalogueRequests(toolsHost);
