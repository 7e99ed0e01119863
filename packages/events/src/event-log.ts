/** Where the machinery of events reports trouble; a pino logger fits. */
export type EventsLog = {
  error(fields: object, message: string): void
  warn(fields: object, message: string): void
}
