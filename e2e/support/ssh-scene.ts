import type { Person } from '@sallyport/standalone/demo/person'
import type { SshLogin } from '@sallyport/targets/ssh-client'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { loginAt } from './door.ts'
import {
  allow,
  type Guarded,
  guard,
  type LinuxHost,
  noLinuxHost,
  openLinuxHost,
  openStage,
  type Stage,
} from './stage.ts'

export type SshScene = {
  /** Why there is no scene, and every test is skipped. */
  readonly missing: string | undefined
  readonly stage: Stage
  readonly host: LinuxHost
  readonly web: Guarded
  /** Ends with the last test of the file. */
  readonly stack: AsyncDisposableStack
  /** Somebody new who may have sessions without being asked anything, and his way to a device. */
  readonly loginOf: (device?: Guarded) => Promise<{ person: Person; login: SshLogin }>
}

/** A platform, and one real Linux host behind it, for the tests of a file. */
export const sshScene = (tag: string): SshScene => {
  const stack = new AsyncDisposableStack()
  let missing: string | undefined
  let stage: Stage
  let host: LinuxHost
  let web: Guarded
  beforeAll(async () => {
    missing = await noLinuxHost()
    if (missing) return
    stage = stack.use(await openStage())
    host = stack.use(await openLinuxHost())
    web = await guard(stage.admin.api, host, tag)
  })
  afterAll(() => stack.disposeAsync())
  beforeEach(context => {
    if (missing) context.skip(missing)
  })
  return {
    get missing() {
      return missing
    },
    get stage() {
      return stage
    },
    get host() {
      return host
    },
    get web() {
      return web
    },
    stack,
    loginOf: async (device = web) => {
      const person = await stage.person('alice')
      await allow(stage.admin.api, tag, [person], { session: { allowed: true } })
      return { person, login: await loginAt(stage.platform, person, host.account, device) }
    },
  }
}
