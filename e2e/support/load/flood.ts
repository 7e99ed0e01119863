import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** What came back. */
export type Flood = {
  /** Answers a second, by status; 0: none came. */
  readonly perSecond: Readonly<Record<number, number>>
  /** Milliseconds within which 99 % of the good answers came. */
  readonly p99: number
}

export type FloodOptions = {
  readonly url: string
  readonly path: string
  /** Shared out among the connections. */
  readonly tokens: readonly string[]
  readonly connections: number
  /** Requests a second of all connections together; as many as there are answers, if not given. */
  readonly rate?: number
  readonly seconds: number
}

/**
 * Asks as plainly as can be: on a machine of two cores the load must cost less than what it loads. With a rate, a
 * connection that still waits for its answer leaves its turn out: the rate is what is offered, whatever comes back.
 */
export const flood = async (options: FloodOptions): Promise<Flood> => {
  const counts = new Map<number, number>()
  const times: number[] = []
  const answered = (status: number, ms: number): void => {
    counts.set(status, (counts.get(status) ?? 0) + 1)
    if (status === 200) times.push(ms)
  }
  const until = performance.now() + options.seconds * 1_000
  const everyMs = options.rate === undefined ? 0 : (options.connections / options.rate) * 1_000
  await Promise.all(
    Array.from({ length: options.connections }, async (_, index) => {
      const token = options.tokens[index % options.tokens.length] ?? ''
      await asker(options, requestOf(options, token), { until, everyMs }, answered)
    }),
  )
  return {
    perSecond: Object.fromEntries([...counts].map(([status, count]) => [status, count / options.seconds])),
    p99: times.toSorted((one, other) => one - other)[Math.floor(times.length * 0.99)] ?? 0,
  }
}

const requestOf = ({ url, path }: FloodOptions, token: string): string =>
  [`GET /v1${path} HTTP/1.1`, `Host: ${new URL(url).host}`, `Authorization: Bearer ${token}`, '', ''].join(
    '\r\n',
  )

type Pace = { readonly until: number; readonly everyMs: number }

const asker = async (
  { url }: FloodOptions,
  request: string,
  { until, everyMs }: Pace,
  answered: (status: number, ms: number) => void,
): Promise<void> => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.on('error', () => answered(0, 0))
  await once(socket, 'connect')
  const answers = statusesOf(socket)
  // Spread over the interval, not all at the same moment.
  let next = performance.now() + Math.random() * everyMs
  while (performance.now() < until && !socket.destroyed) {
    const wait = next - performance.now()
    if (wait > 0) await pause(wait)
    const askedAt = performance.now()
    socket.write(request)
    answered(await answers(), performance.now() - askedAt)
    next = Math.max(next + everyMs, performance.now() - everyMs)
  }
  socket.destroy()
}

/** Waits for the next whole answer; 0 if there is none any more. */
const statusesOf = (socket: Socket): (() => Promise<number>) => {
  let text = ''
  let tell: ((status: number) => void) | undefined
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk
    const head = text.indexOf('\r\n\r\n')
    if (head < 0) return
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)
    if (text.length < head + 4 + length) return
    const status = Number(text.slice(9, 12))
    text = text.slice(head + 4 + length)
    tell?.(status)
  })
  socket.on('close', () => tell?.(0))
  return () =>
    new Promise(resolve => {
      tell = resolve
      if (socket.destroyed) resolve(0)
    })
}
