import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { forbiddenAddresses } from './egress.ts'

const failureOf = (host: string): Promise<unknown> =>
  new Promise(resolve => {
    const socket = connect({ host, port: 9, blockList: forbiddenAddresses(false) })
    socket.once('connect', () => resolve(socket.destroy() && 'connected'))
    socket.once('error', error => resolve('code' in error && error.code))
  })

it.each([
  '127.0.0.1',
  '::1',
  '::ffff:127.0.0.1',
  '169.254.169.254',
  '::ffff:169.254.169.254',
  '64:ff9b::169.254.169.254',
  '168.63.129.16',
  '64:ff9b::168.63.129.16',
  '0.0.0.0',
  '::',
  'localhost',
])('never connects to %s', async host => {
  expect(await failureOf(host)).toBe('ERR_IP_BLOCKED')
})
