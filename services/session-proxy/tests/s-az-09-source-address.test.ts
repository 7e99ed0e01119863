import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { figure } from '@sallyport/testing/proof'
import ssh2 from 'ssh2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Door, openDoor } from './support/door.ts'
import { CODE, PASSWORD } from './support/fakes.ts'
import { smallTarget, type SmallTarget } from './support/small-target.ts'

const version2 = '\r\n\r\n\0\r\nQUIT\n'

/** What a load balancer would write first: version 1 as text, version 2 as bytes; and what looks like either. */
const proxyForms = [
  'PROXY TCP4 203.0.113.9 127.0.0.1 4711 22\r\n',
  'PROXY TCP4 203.0.113.9 127.0.0.1 4711 22\n',
  'PROXY TCP6 2001:db8::9 ::1 4711 22\r\n',
  'PROXY UNKNOWN\r\n',
  'PROXY UNKNOWN 203.0.113.9 127.0.0.1 4711 22\r\n',
  'proxy tcp4 203.0.113.9 127.0.0.1 4711 22\r\n',
  `${version2}\x21\x11\0\x0c\xcb\0\x71\x09\x7f\0\0\x01\x12\x67\0\x16`,
  `${version2}\x20\x00\0\0`,
  `${version2}\x21\x21\0\x24${'\x20\x01\x0d\xb8'.repeat(8)}\x12\x67\0\x16`,
]

describe('S-AZ-09: the SSH door knows a source by its connection', () => {
  let target: SmallTarget
  let door: Door
  beforeAll(async () => {
    target = await smallTarget()
    door = await openDoor(target.facts)
  })
  afterAll(async () => {
    await door[Symbol.asyncDispose]()
    await target[Symbol.asyncDispose]()
  })

  const socketFrom = async (localAddress: string): Promise<Socket> => {
    const socket = connect({ host: '127.0.0.1', port: door.port, localAddress })
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    return socket
  }

  /** Tries to sign in, and says how that ended. */
  const signIn = (sock: Socket): Promise<'ready' | 'closed'> =>
    new Promise(resolve => {
      const client = new ssh2.Client()
      client.on('error', () => undefined)
      client.once('close', () => resolve('closed'))
      client.once('ready', () => {
        resolve('ready')
        client.end()
      })
      client.on('keyboard-interactive', (_name, _text, _language, prompts, finish) =>
        finish(prompts.map(({ prompt }) => (prompt.includes('assword') ? PASSWORD : CODE))),
      )
      client.connect({ sock, username: 'alice[root@web-1]', tryKeyboard: true })
    })

  it('whatever a line of the PROXY protocol says', async () => {
    for (const form of proxyForms) {
      const socket = await socketFrom('127.0.0.1')
      socket.write(Buffer.from(form, 'latin1'))
      expect(await signIn(socket), JSON.stringify(form)).toBe('closed')
    }
    expect(door.authentication.people).toEqual([])
  })

  it('and each address as itself', async () => {
    for (const address of ['127.0.0.1', '127.0.0.9', '127.66.0.1']) {
      expect(await signIn(await socketFrom(address))).toBe('ready')
      expect(door.authentication.people.splice(0)).toEqual([
        expect.objectContaining({ sourceAddress: address }),
      ])
    }
    figure('S-AZ-09', `${proxyForms.length} PROXY lines at the SSH door, 0 believed`)
  })
})
