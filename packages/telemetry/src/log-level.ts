import type { LogLevel } from './logger.ts'

/** In order, the loudest first. */
export const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent']
