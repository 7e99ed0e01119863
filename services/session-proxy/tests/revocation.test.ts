import ssh2 from 'ssh2'
import { eventually } from '@sallyport/testing/eventually'
import { expect, it } from 'vitest'
import { openDoor } from './support/door.ts'
import { CODE, PASSWORD } from './support/fakes.ts'
import { smallTarget } from './support/small-target.ts'

const SESSIONS = 50
const LIMIT_MILLISECONDS = 2_000

it('ends fifty live sessions within two seconds of their revocation', async () => {
  await using target = await smallTarget()
  await using door = await openDoor(target.facts)
  const start = (): Promise<{ client: ssh2.Client; ended: Promise<number> }> =>
    new Promise((resolve, reject) => {
      const client = new ssh2.Client()
      client.on('error', reject)
      client.on('keyboard-interactive', (_name, _text, _language, prompts, finish) =>
        finish(prompts.map(({ prompt }) => (prompt.includes('assword') ? PASSWORD : CODE))),
      )
      client.on('ready', () =>
        client.exec('wait', (error, channel) => {
          if (error) return reject(error)
          const ended = new Promise<number>(done =>
            channel.resume().on('close', () => done(performance.now())),
          )
          channel.stderr.resume()
          resolve({ client, ended })
        }),
      )
      client.connect({ host: '127.0.0.1', port: door.port, username: 'alice[root@web-1]', tryKeyboard: true })
    })
  const running = await Promise.all(Array.from({ length: SESSIONS }, start))
  await eventually(() => door.sessions.size === SESSIONS)
  const revokedAt = performance.now()
  for (const grant of door.access.grants) door.revocations.revoke(grant, 'The user was disabled.')
  const endedAt = await Promise.all(running.map(({ ended }) => ended))
  expect(Math.max(...endedAt) - revokedAt).toBeLessThan(LIMIT_MILLISECONDS)
  await eventually(() => door.ledger.ends().filter(({ reason }) => reason === 'revoked').length === SESSIONS)
  for (const { client } of running) client.end()
})

it('ends a session whose target never opens the channel', async () => {
  await using target = await smallTarget()
  target.behave({ silent: true })
  await using door = await openDoor(target.facts)
  const client = new ssh2.Client()
  client.on('error', () => undefined)
  client.on('keyboard-interactive', (_name, _text, _language, prompts, finish) =>
    finish(prompts.map(({ prompt }) => (prompt.includes('assword') ? PASSWORD : CODE))),
  )
  client.on('ready', () => client.exec('wait', (_error, channel) => channel.resume().stderr.resume()))
  client.connect({ host: '127.0.0.1', port: door.port, username: 'alice[root@web-1]', tryKeyboard: true })
  try {
    await eventually(() => target.asked() === 1)
    for (const grant of door.access.grants) door.revocations.revoke(grant, 'The user was disabled.')
    await eventually(() => door.sessions.size === 0)
    expect(door.ledger.ends().map(({ reason }) => reason)).toEqual(['revoked'])
  } finally {
    client.end()
  }
})
