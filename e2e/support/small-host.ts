import { startSmallTarget } from '@sallyport/targets/small-target'
import type { Host } from './stage.ts'

/** A small SSH server with one account, for what does not depend on a real one. Needs no rights. */
export const openSmallHost = async (): Promise<Host & AsyncDisposable> => {
  const target = await startSmallTarget()
  return {
    server: { port: target.port },
    account: { username: target.username, password: target.password },
    [Symbol.asyncDispose]: () => target[Symbol.asyncDispose](),
  }
}
