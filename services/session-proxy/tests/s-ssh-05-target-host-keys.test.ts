import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newSshKey } from '@sallyport/targets/new-ssh-key'
import { findSshd, startOpenSsh } from '@sallyport/targets/openssh'
import { figure } from '@sallyport/testing/proof'
import ssh2, { type ParsedKey } from 'ssh2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Door, openDoor } from './support/door.ts'
import { publicPart } from './support/door-to-sshd.ts'
import type { TargetFacts } from './support/fakes.ts'
import { message, sendRaw, text } from './support/raw-packets.ts'
import { scriptedTarget } from './support/scripted-target.ts'
import { visit } from './support/visitor.ts'

const parsed = (key: string): ParsedKey => {
  const found = ssh2.utils.parseKey(key)
  if (found instanceof Error) throw found
  return found
}

const pemOf = (type: 'rsa' | 'ec'): string =>
  type === 'rsa'
    ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        .privateKey.export({ format: 'pem', type: 'pkcs1' })
        .toString()
    : generateKeyPairSync('ec', { namedCurve: 'P-256' })
        .privateKey.export({ format: 'pem', type: 'sec1' })
        .toString()

const MISMATCH = /did not prove one of its pinned host keys/

describe('S-SSH-05: a target proves one of its pinned host keys, or nothing is sent to it', () => {
  const stack = new AsyncDisposableStack()
  let facts: () => TargetFacts
  let door: Door
  let cases = 0
  const ours = newSshKey()
  const other = newSshKey()
  const ecdsa = pemOf('ec')
  const rsa = pemOf('rsa')
  const pinned = publicPart(ours.public)

  beforeAll(async () => {
    door = stack.use(await openDoor(() => facts()))
  })
  afterAll(async () => {
    figure('S-SSH-05', `${cases} cases, no key accepted that is not pinned, each refusal audited`)
    await stack.disposeAsync()
  })

  /** What somebody gets who asks for a target with these keys, when those are pinned. */
  const ask = async (hostKeys: readonly (string | ParsedKey)[], pins: readonly Buffer[]) => {
    cases += 1
    const before = door.ledger.entries.length
    let signIns = 0
    await using target = await scriptedTarget({
      hostKeys,
      connected: connection => connection.on('authentication', () => (signIns += 1)),
    })
    facts = () => ({ ...target.facts(), hostKeys: pins })
    using visitor = await visit(door.port)
    const outcome = await visitor.exec('id')
    const kinds = door.ledger.entries.slice(before).map(({ kind }) => kind)
    return { ...outcome, stdout: outcome.stdout.toString(), signIns, kinds }
  }
  const expectRefused = async (hostKeys: readonly (string | ParsedKey)[], pins: readonly Buffer[]) => {
    const { stdout, stderr, signIns, kinds } = await ask(hostKeys, pins)
    expect(stderr).toMatch(MISMATCH)
    expect({ stdout, signIns }).toEqual({ stdout: '', signIns: 0 })
    expect(kinds).toContain('hostKeyMismatch')
  }

  it('lets in with the one pinned key, or the second of two, whatever else the target has', async () => {
    expect(await ask([ours.private], [pinned])).toMatchObject({ stdout: 'out', status: 0 })
    const pins = [publicPart(other.public), pinned]
    expect(await ask([ours.private], pins)).toMatchObject({ stdout: 'out' })
    expect(await ask([ecdsa, rsa, ours.private], [pinned])).toMatchObject({ stdout: 'out' })
    expect(await ask([rsa, ours.private], [parsed(rsa).getPublicSSH()])).toMatchObject({ stdout: 'out' })
  })

  it('trusts no key at first sight', async () => {
    const { stderr, signIns } = await ask([ours.private], [])
    expect(stderr).toContain('No host key is pinned')
    expect(signIns).toBe(0)
  })

  it('refuses a changed key, the first time and the second', async () => {
    await expectRefused([other.private], [pinned])
    await expectRefused([other.private], [pinned])
  })

  it('refuses a key of another type than is pinned', async () => {
    await expectRefused([ecdsa], [pinned])
    await expectRefused([rsa, ecdsa], [pinned])
  })

  it('refuses a key that begins, or ends, like the pinned one', async () => {
    await expectRefused([ours.private], [pinned.subarray(0, -1)])
    await expectRefused([ours.private], [Buffer.concat([pinned, Buffer.alloc(1)])])
  })

  it('refuses the pinned key when it is only shown and not proved', async () => {
    const liar = parsed(other.private)
    liar.getPublicSSH = () => pinned
    const { stdout, stderr, signIns } = await ask([liar], [pinned])
    expect(stderr).toMatch(/broke off or did not speak SSH|pinned host keys/)
    expect({ stdout, signIns }).toEqual({ stdout: '', signIns: 0 })
  })

  it('learns no new key from a target that it is connected to', async () => {
    cases += 1
    await using target = await scriptedTarget({
      hostKeys: [ours.private],
      connected: connection =>
        connection.on('ready', () =>
          sendRaw(
            connection,
            message(
              80,
              text('hostkeys-00@openssh.com'),
              Buffer.alloc(1),
              text(pinned),
              text(publicPart(other.public)),
            ),
          ),
        ),
    })
    facts = () => ({ ...target.facts(), hostKeys: [pinned] })
    using visitor = await visit(door.port)
    expect((await visitor.exec('id')).stdout.toString()).toBe('out')
    await expectRefused([other.private], [pinned])
  })

  it('takes no certificate in place of a pinned key, valid, expired or of whatever authority', async context => {
    const sshd = await findSshd()
    if (sshd === undefined) return context.skip('needs OpenSSH’s sshd (Debian: openssh-server)')
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-ca-'))
    const keygen = (...args: string[]): unknown =>
      execFileSync('ssh-keygen', ['-q', ...args], { cwd: folder })
    try {
      keygen('-t', 'ed25519', '-N', '', '-f', 'ca')
      keygen('-t', 'ed25519', '-N', '', '-f', 'host')
      for (const validity of ['-1d:+1d', '-2d:-1d']) {
        cases += 1
        keygen('-s', 'ca', '-I', 'web-1', '-h', '-n', '127.0.0.1', '-V', validity, 'host.pub')
        const certificate = publicPart(readFileSync(join(folder, 'host-cert.pub'), 'utf8'))
        const extra = [`HostKey ${folder}/host`, `HostCertificate ${folder}/host-cert.pub`]
        await using server = await startOpenSsh({ sshd, extra })
        for (const pins of [
          [pinned],
          [certificate],
          [publicPart(readFileSync(join(folder, 'ca.pub'), 'utf8'))],
        ]) {
          facts = () => ({
            kind: 'password',
            secretBytes: () => Buffer.from('never sent'),
            address: '127.0.0.1',
            port: server.port,
            username: 'root',
            hostKeys: pins,
          })
          using visitor = await visit(door.port)
          expect((await visitor.exec('id')).stderr).toMatch(MISMATCH)
        }
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
