import type { Channel, Notifications } from './notify.ts'

/** A bell that can ring before anybody waits for it: the next wait then returns at once. */
export type Bell = Disposable & { wait(timeoutMs: number, signal: AbortSignal): Promise<void> }

/** Rings for notifications of a channel, all or those with one payload. */
export const createBell = (notifications: Notifications, channel: Channel, only?: string): Bell => {
  let rung = false
  let wake: (() => void) | undefined
  const stop = notifications.listen(channel, payload => {
    if (only !== undefined && payload !== only) return
    rung = true
    wake?.()
  })
  const wait = async (timeoutMs: number, signal: AbortSignal): Promise<void> => {
    if (!rung && !signal.aborted) {
      await new Promise<void>(resolve => {
        const done = (): void => {
          clearTimeout(timer)
          signal.removeEventListener('abort', done)
          wake = undefined
          resolve()
        }
        const timer = setTimeout(done, timeoutMs)
        signal.addEventListener('abort', done)
        wake = done
      })
    }
    rung = false
  }
  return { wait, [Symbol.dispose]: stop }
}
