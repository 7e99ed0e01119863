const place = process.env['NODE_ENV'] === 'test' ? process.env['SALLYPORT_CRASH_AT'] : undefined

/**
 * A place where a crash would hurt most, by name: between two steps that must not be torn. In tests, and only there
 * (`NODE_ENV=test`), a process that comes to the place named by `SALLYPORT_CRASH_AT` ends as `kill -9` ends it.
 */
export const crashPoint = (name: string): void => {
  if (name === place) process.kill(process.pid, 'SIGKILL')
}
