/** Resolves when somebody asks us to stop. A second request, while stopping, ends at once. */
export const untilSignal = (): Promise<void> =>
  new Promise(resolve => {
    let asked = false
    const ask = (): void => {
      // The embedded PostgreSQL hangs on a pipe of ours, and ends with us.
      if (asked) process.exit(130)
      asked = true
      resolve()
    }
    process.on('SIGINT', ask)
    process.on('SIGTERM', ask)
    process.on('SIGHUP', ask)
  })
