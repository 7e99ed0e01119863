import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino'

export type { Logger }

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

const options = (service: string, level: LogLevel): LoggerOptions => ({
  level,
  base: { service },
  timestamp: pino.stdTimeFunctions.isoTime,
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

/** A JSON-lines logger. Messages are constant sentences; what varies goes into fields. */
export const createLogger = (service: string, level: LogLevel, destination?: DestinationStream): Logger =>
  destination ? pino(options(service, level), destination) : pino(options(service, level))
