/** Reads the calendar, and may change nothing in it. */
import { catalogueRequests, toolsHost } from '../catalogue.ts';

export const request = catalogueRequests(toolsHost);
