import { startPlatform } from '@sallyport/standalone/platform'
import { serveChild } from '../child.ts'

export type StandaloneReady = { readonly apiUrl: string; readonly initialPassword: string }

const unlimited = 10_000_000

/** The laptop's installation in a process of its own, without limits for people. */
serveChild(async ({ directory }: { directory: string }) => {
  const platform = await startPlatform({
    dataDirectory: directory,
    host: '127.0.0.1',
    httpPort: 0,
    sshPort: 0,
    logLevel: 'error',
    limits: {
      read: unlimited,
      write: unlimited,
      login: unlimited,
      secret: unlimited,
      badTokens: unlimited,
    },
  })
  const ready: StandaloneReady = {
    apiUrl: platform.apiUrl,
    initialPassword: platform.firstAdministrator?.initialPassword ?? '',
  }
  return { ready, stop: () => platform[Symbol.asyncDispose]() }
})
