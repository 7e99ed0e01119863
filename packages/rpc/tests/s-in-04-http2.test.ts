import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { TenantServiceService } from '@sallyport/contracts/access_control/v1/directory'
import { counted, figure } from '@sallyport/testing/proof'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openChannel, type RpcChannel } from '../src/channel.ts'
import { connectRpc } from '../src/client.ts'
import { field, flags, frame, grpcFields, preface, uint32 } from './http2-frames.ts'

type Told = { address: string; certificate: string; privateKey: string; authority: string }

const path = '/sallyport.access_control.v1.TenantService/ListTenants'
const seconds = counted(60, 1)
const mebibyte = 1024 * 1024

/** One connection's worth of an attack: writes what it likes until it is cut off or the time is over. */
type Attack = (socket: TLSSocket, isOver: () => boolean) => Promise<void>

const write = (socket: TLSSocket, bytes: Buffer): Promise<void> =>
  new Promise(resolve => {
    if (socket.destroyed) return resolve()
    socket.once('close', resolve)
    socket.write(bytes, () => {
      socket.off('close', resolve)
      resolve()
    })
  })

const opening = Buffer.concat([preface, frame('settings')])
const oddStreams = (count: number, from: number): number[] =>
  Array.from({ length: count }, (_, at) => from + 2 * at)

/** Writes rounds of frames for ever; `round` is told its number. */
const flood =
  (round: (number: number) => Buffer): Attack =>
  async (socket, isOver) => {
    await write(socket, opening)
    for (let number = 0; !isOver() && !socket.destroyed; number += 1) await write(socket, round(number))
  }

/** Opens one call after the other with a body that the server must give up on. */
const calls = (extra: Buffer, message: Buffer): Attack =>
  flood(number => {
    const stream = 1 + 2 * number
    const fields = Buffer.concat([grpcFields(path), extra])
    const pieces: Buffer[] = [frame('headers', { stream, flags: flags.endHeaders, payload: fields })]
    for (let at = 0; at < message.length; at += 16_384) {
      pieces.push(frame('data', { stream, payload: message.subarray(at, at + 16_384) }))
    }
    return Buffer.concat(pieces)
  })

const headersOnly = (stream: number): Buffer =>
  frame('headers', { stream, flags: flags.endHeaders, payload: grpcFields(path) })

const bomb = gzipSync(Buffer.alloc(100 * mebibyte))
const manyFields = Buffer.concat(Array.from({ length: 3_000 }, () => field('a', 'b')))

const attacks: Readonly<Record<string, Attack>> = {
  'messages of 100 MiB': flood(number => {
    const stream = 1
    if (number > 0) return frame('data', { stream, payload: Buffer.alloc(16_384) })
    const length = Buffer.concat([Buffer.from([0]), uint32(100 * mebibyte)])
    return Buffer.concat([headersOnly(stream), frame('data', { stream, payload: length })])
  }),
  'messages that unpack to 100 MiB': calls(
    field('grpc-encoding', 'gzip'),
    Buffer.concat([Buffer.from([1]), uint32(bomb.length), bomb]),
  ),
  'a million metadata entries': flood(number =>
    number === 0
      ? frame('headers', { stream: 1, payload: grpcFields(path) })
      : frame('continuation', { stream: 1, payload: manyFields }),
  ),
  'calls with too many metadata entries each': flood(number =>
    frame('headers', {
      stream: 1 + 2 * number,
      flags: flags.endHeaders,
      payload: Buffer.concat([grpcFields(path), manyFields]),
    }),
  ),
  'streams that are opened and reset': flood(number =>
    Buffer.concat(
      oddStreams(200, 1 + 400 * number).flatMap(stream => [
        headersOnly(stream),
        frame('reset', { stream, payload: uint32(8) }),
      ]),
    ),
  ),
  'streams that are opened and left': flood(number =>
    Buffer.concat(oddStreams(200, 1 + 400 * number).map(headersOnly)),
  ),
  'CONTINUATION without end': flood(number =>
    number === 0
      ? frame('headers', { stream: 1, payload: grpcFields(path) })
      : frame('continuation', { stream: 1, payload: Buffer.alloc(0) }),
  ),
  'WINDOW_UPDATE beyond all windows': flood(() =>
    Buffer.concat(
      Array.from({ length: 100 }, () => frame('windowUpdate', { payload: uint32(0x7f_ff_ff_ff) })),
    ),
  ),
  'WINDOW_UPDATE of nothing': flood(() =>
    Buffer.concat(
      Array.from({ length: 100 }, () => frame('windowUpdate', { stream: 1, payload: uint32(0) })),
    ),
  ),
  'HEADERS that are no HPACK': flood(number =>
    frame('headers', { stream: 1 + 2 * number, flags: flags.endHeaders, payload: Buffer.alloc(2_000, 0xff) }),
  ),
  'HEADERS without what a request needs': flood(number =>
    frame('headers', {
      stream: 1 + 2 * number,
      flags: flags.endHeaders,
      payload: Buffer.concat([
        field(':path', path),
        field('CONNECTION', 'x'),
        field(':path', ''),
        field('', ''),
      ]),
    }),
  ),
  'floods of PING and SETTINGS': flood(() =>
    Buffer.concat(
      Array.from({ length: 100 }, () => [
        frame('ping', { payload: Buffer.alloc(8) }),
        frame('settings'),
      ]).flat(),
    ),
  ),
  garbage: async (socket, isOver) => {
    while (!isOver() && !socket.destroyed) await write(socket, Buffer.alloc(16_384, 0x41))
  },
}

describe('S-IN-04: a service lives through what is done to it in HTTP/2', () => {
  let server: ChildProcess
  let told: Told
  let channel: RpcChannel
  let room = 0

  beforeAll(async () => {
    server = fork(join(import.meta.dirname, 'attacked-server.ts'), {
      execArgv: ['--conditions=source'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    ;[told] = (await once(server, 'message')) as [Told]
    const tls = {
      certificate: Buffer.from(told.certificate),
      privateKey: Buffer.from(told.privateKey),
      authority: Buffer.from(told.authority),
    }
    channel = openChannel({ service: 'access-control', address: told.address, tls })
    await callHonestly(counted(20_000, 8_000))
    room = memoryOf('VmHWM')
  }, 120_000)
  afterAll(() => {
    channel?.[Symbol.dispose]()
    server?.kill('SIGKILL')
  })

  /** Room for garbage is taken by any load: 145 MiB for 8,000 calls. What an attack takes is what it takes beyond. */
  const callHonestly = async (count: number): Promise<void> => {
    const client = connectRpc(TenantServiceService, channel)
    const left = Array.from({ length: count }).values()
    const caller = async (): Promise<void> => {
      for (const _ of left) await client.listTenants({ page: undefined }, { deadlineMs: 10_000 })
    }
    await Promise.all(Array.from({ length: 200 }, caller))
  }

  const memoryOf = (entry: 'VmRSS' | 'VmHWM'): number => {
    const status = readFileSync(`/proc/${server.pid}/status`, 'utf8')
    return Number(new RegExp(`${entry}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024
  }

  const isServing = async (): Promise<boolean> => {
    const client = connectRpc(TenantServiceService, channel)
    const { page } = await client.listTenants({ page: undefined }, { deadlineMs: 10_000 })
    return page?.nextCursor === 'alive'
  }

  const attack = async (how: Attack, certified: boolean): Promise<number> => {
    const until = Date.now() + seconds * 1_000
    const isOver = (): boolean => Date.now() > until
    let connections = 0
    while (!isOver()) {
      const [host, port] = told.address.split(':')
      const socket = connect({
        host,
        port: Number(port),
        ca: told.authority,
        ALPNProtocols: ['h2'],
        checkServerIdentity: () => undefined,
        ...(certified && { cert: told.certificate, key: told.privateKey }),
      })
      socket.on('error', () => undefined).resume()
      const timer = setTimeout(() => socket.destroy(), seconds * 1_000)
      await Promise.race([once(socket, 'secureConnect'), once(socket, 'close')]).catch(() => undefined)
      if (!socket.destroyed) await how(socket, isOver)
      clearTimeout(timer)
      socket.destroy()
      connections += 1
    }
    return connections
  }

  const most = { grown: 0, by: '' }

  it.each(Object.entries(attacks))(
    '%s',
    async (name, how) => {
      expect(await isServing()).toBe(true)
      const before = Math.max(room, memoryOf('VmRSS'))
      // What it takes at most from now on.
      writeFileSync(`/proc/${server.pid}/clear_refs`, '5')
      await attack(how, true)
      const grown = memoryOf('VmHWM') - before
      expect(server.exitCode ?? server.signalCode).toBeNull()
      expect(await isServing()).toBe(true)
      expect(grown, `${name} took ${grown.toFixed(0)} MiB`).toBeLessThanOrEqual(100)
      if (grown > most.grown) Object.assign(most, { grown, by: name })
    },
    seconds * 1_000 + 30_000,
  )

  it(
    'says nothing to who has no certificate',
    async () => {
      const before = memoryOf('VmRSS')
      for (const how of Object.values(attacks).slice(0, 2)) await attack(how, false)
      expect(await isServing()).toBe(true)
      expect(memoryOf('VmRSS') - before).toBeLessThanOrEqual(100)
      const text = `${Object.keys(attacks).length} attacks of ${seconds} s, no crash, most ${most.grown.toFixed(0)} MiB`
      figure('S-IN-04', `${text} (${most.by})`)
    },
    seconds * 2_000 + 30_000,
  )
})
