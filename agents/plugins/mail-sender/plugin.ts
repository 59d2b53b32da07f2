/** Sends and removes mail; it may see the mailbox too, to answer what is there. */
import { catalogueRequests, toolsHost } from '../catalogue.ts';

export const request = catalogueRequests(toolsHost);
