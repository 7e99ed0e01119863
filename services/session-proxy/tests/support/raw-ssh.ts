import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { EXCHANGES, isSignedBy, type KexName, sha256 } from './raw-exchange.ts'
import { gcmOpener, gcmSealer, type Opener, plainOpener, plainSealer, type Sealer } from './packet-layer.ts'
import { message, readFields, string, uint32 } from './ssh-fields.ts'

/** A client that says whatever it is told to, in any state. */
export type RawSsh = Disposable & {
  readonly socket: Socket
  /** Sends one packet. */
  send(payload: Buffer): void
  /** Makes a packet, of which the server never hears. */
  lose(payload: Buffer): void
  /** The next message; undefined when the connection has ended. */
  next(): Promise<Buffer | undefined>
  exchangeKeys(kex?: KexName): Promise<void>
  startLogin(): Promise<void>
  sessionId(): Buffer
  /** The server's KEXINIT. */
  offered(): Buffer
}

const IDENT = 'SSH-2.0-raw'

export type RawOptions = { readonly strict?: boolean }

/** Connects, and exchanges identifications. */
export const connectRaw = async (port: number, { strict = true }: RawOptions = {}): Promise<RawSsh> => {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const incoming = receiver(socket)
  socket.write(`${IDENT}\r\n`)
  const serverIdent = (await incoming.line()) ?? ''
  let seal: Sealer = plainSealer
  let sessionId: Buffer | undefined
  let offered: Buffer = Buffer.alloc(0)
  const send = (payload: Buffer): void => void socket.write(seal(payload))
  const next = incoming.next
  const expectMessage = async (type: number): Promise<Buffer> => {
    for (;;) {
      const received = await next()
      if (received?.[0] === type) return received
      // EXT_INFO and the answers to what a test did before.
      if (received === undefined || (received[0] ?? 0) < 7) throw new Error(`no message ${type} came`)
    }
  }
  const exchangeKeys = async (name: KexName = 'curve25519-sha256'): Promise<void> => {
    const kex = EXCHANGES[name]()
    const mine = kexInit(name, strict)
    send(mine)
    offered = await expectMessage(20)
    send(message(30, string(kex.ours)))
    const reply = readFields(await expectMessage(31))
    const [hostKey, theirs, signature] = [reply.string(), reply.string(), reply.string()]
    const secret = kex.secret(theirs)
    const said = [IDENT, serverIdent, mine, offered, hostKey, kex.ours, theirs]
    const hash = sha256(...said.map(string), secret)
    if (!isSignedBy(hostKey, hash, signature)) throw new Error('the host key did not sign this exchange')
    sessionId ??= hash
    const id = sessionId
    const derive = (letter: string, length: number): Buffer =>
      sha256(secret, hash, Buffer.from(letter), id).subarray(0, length)
    send(message(21))
    seal = gcmSealer(derive('C', 16), derive('A', 12))
    await expectMessage(21)
    incoming.open = gcmOpener(derive('D', 16), derive('B', 12))
  }
  return {
    socket,
    send,
    lose: payload => void seal(payload),
    next,
    exchangeKeys,
    startLogin: async () => {
      send(message(5, string('ssh-userauth')))
      await expectMessage(6)
    },
    sessionId: () => sessionId ?? Buffer.alloc(0),
    offered: () => offered,
    [Symbol.dispose]: () => void socket.destroy(),
  }
}

/** KEXINIT of a client that takes one key exchange and AES-GCM only. */
export const kexInit = (kex: string, strict: boolean): Buffer => {
  const methods = [kex, 'ext-info-c', ...(strict ? ['kex-strict-c-v00@openssh.com'] : [])]
  const cipher = 'aes128-gcm@openssh.com'
  const mac = 'hmac-sha2-256-etm@openssh.com'
  const lists = [methods.join(','), 'ssh-ed25519', cipher, cipher, mac, mac, 'none', 'none', '', '']
  return message(20, randomBytes(16), ...lists.map(string), Buffer.from([0]), uint32(0))
}

type Receiver = {
  open: Opener
  line(): Promise<string | undefined>
  next(): Promise<Buffer | undefined>
}

const receiver = (socket: Socket): Receiver => {
  let bytes: Buffer = Buffer.alloc(0)
  let ended = false
  let wake = Promise.withResolvers<void>()
  const changed = (): void => {
    wake.resolve()
    wake = Promise.withResolvers()
  }
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk])
    changed()
  })
  for (const event of ['end', 'close', 'error'])
    socket.on(event, () => {
      ended = true
      changed()
    })
  const wait = async <T>(take: () => T | undefined): Promise<T | undefined> => {
    for (;;) {
      const taken = take()
      if (taken !== undefined || ended) return taken
      await wake.promise
    }
  }
  const receiving: Receiver = {
    open: plainOpener,
    line: () =>
      wait(() => {
        const end = bytes.indexOf('\r\n')
        if (end < 0) return undefined
        const line = bytes.toString('latin1', 0, end)
        bytes = bytes.subarray(end + 2)
        return line
      }),
    next: () =>
      wait(() => {
        const packet = receiving.open(bytes)
        if (packet === undefined) return undefined
        bytes = packet.rest
        return packet.payload
      }),
  }
  return receiving
}
