import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import ssh2 from 'ssh2'
import { CODE, PASSWORD } from './fakes.ts'
import { ALICE } from './raw-login.ts'

export type Witness = AsyncDisposable & {
  /** How long each echo took, in milliseconds. Throws if one was wrong, or the session was lost. */
  seen(): readonly number[]
}

const BETWEEN_KEYS_MILLISECONDS = 20

/** Somebody who signs in once and then types in one session, whatever happens around. */
export const startWitness = async (port: number): Promise<Witness> => {
  const client = new ssh2.Client()
  client.on('keyboard-interactive', (_name, _text, _language, prompts, finish) =>
    finish(prompts.map(({ prompt }) => (prompt.includes('assword') ? PASSWORD : CODE))),
  )
  client.connect({ host: '127.0.0.1', port, username: ALICE, tryKeyboard: true })
  await once(client, 'ready')
  const channel = await new Promise<ssh2.ClientChannel>((resolve, reject) =>
    client.exec('cat', (error, opened) => (error ? reject(error) : resolve(opened))),
  )
  const state: { failure?: Error; isOver: boolean } = { isOver: false }
  const lost = (): void => {
    if (!state.isOver) state.failure ??= new Error('the witness lost the session')
  }
  client.on('error', lost).on('close', lost)
  channel.on('error', lost).on('close', lost)
  const took: number[] = []
  const type = async (): Promise<void> => {
    for (let key = 0; !state.isOver && state.failure === undefined; key = (key + 1) % 256) {
      const begun = performance.now()
      const shown = once(channel, 'data')
      channel.write(Buffer.from([key]))
      const [echo]: unknown[] = await shown
      if (!Buffer.from([key]).equals(echo as Buffer))
        state.failure = new Error(`the witness saw ${String(echo)}`)
      took.push(performance.now() - begun)
      await delay(BETWEEN_KEYS_MILLISECONDS)
    }
  }
  const typing = type().catch(() => undefined)
  return {
    seen: () => {
      if (state.failure) throw state.failure
      return took
    },
    [Symbol.asyncDispose]: async () => {
      state.isOver = true
      client.end()
      await Promise.race([typing, once(client, 'close')])
    },
  }
}
