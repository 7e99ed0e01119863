import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino'
import { traceFields } from './span.ts'

export type { Logger }

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

const options = (service: string, level: LogLevel): LoggerOptions => ({
  level,
  base: { service },
  timestamp: pino.stdTimeFunctions.isoTime,
  // A line that is written while a request, call or event is worked on says in which trace.
  mixin: traceFields,
  // Secrets are `Secret` objects, which print themselves as [secret]; this is the second net, for what libraries log.
  redact: {
    paths: [
      'password',
      '*.password',
      'secret',
      '*.secret',
      'token',
      '*.token',
      'authorization',
      '*.authorization',
      'statement',
      '*.statement',
    ],
    censor: '[redacted]',
  },
})

/** Lines that could not be written are kept up to this, in bytes, and tried again with the next one. */
const maxWaitingBytes = 1024 * 1024

/**
 * Standard output, for as long as somebody takes it. By default pino ends the process when the terminal is gone or the
 * disk is full, and at the end of the process tries to write what is left for ever.
 */
const standardOutput = (): DestinationStream => {
  const stream = pino.destination({
    dest: 1,
    sync: true,
    maxLength: maxWaitingBytes,
    retryEAGAIN: () => false,
  })
  stream.on('error', () => {})
  return stream
}

/** A JSON-lines logger. Messages are constant sentences; what varies goes into fields. Lines within a span name it. */
export const createLogger = (
  service: string,
  level: LogLevel,
  destination: DestinationStream = standardOutput(),
): Logger => pino(options(service, level), destination)
