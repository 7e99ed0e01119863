import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { fingerprintOf } from '@sallyport/access-control/login/first-factor'
import { createTotpVault } from '@sallyport/access-control/login/sealed-totp'
import { openFileKeyProvider } from '@sallyport/crypto/file-key-provider'
import { Secret } from '@sallyport/crypto/secret'
import { newSshKey } from '@sallyport/targets/new-ssh-key'
import { Secret as TotpSecret, TOTP } from 'otpauth'
import ssh2, { type ClientChannel } from 'ssh2'
import { connectSuperuser } from '../../support/superuser.ts'
import type { Stage } from '../../support/stage.ts'

/** Somebody who signs in by SSH with the key that they all have and a second factor of his own. */
export type Typist = { readonly id: string; readonly userName: string; readonly totp: TOTP }

export type Staff = { readonly typists: readonly Typist[]; readonly privateKey: string }

/** Adds people who have signed in before, without the half second that a first sign-in takes each. */
export const addStaff = async ({ platform, directory }: Stage, count: number): Promise<Staff> => {
  await using db = await connectSuperuser(platform)
  const [tenant] = await db.query('select id from access_control.tenants where operator')
  const tenantId = String(tenant?.['id'])
  const vault = createTotpVault(await openFileKeyProvider(join(directory, 'keys', 'access-control.json')))
  const key = newSshKey()
  const blob = Buffer.from(key.public.split(' ')[1] ?? '', 'base64')
  const typists: Typist[] = []
  for (let number = 0; number < count; number += 1) {
    const [id, secret] = [randomUUID(), new TotpSecret({ size: 20 })]
    using material = Secret.copyOf(new Uint8Array(secret.buffer))
    const sealed = await vault.seal({ tenantId, userId: id }, material)
    const userName = `typist-${number}`
    await db.query(
      `insert into access_control.users (id, tenant_id, user_name, display_name, email, disabled, role_ids, password_hash,
         old_password_hashes, must_change_password, totp_secret, version, created_at)
       values ($1, $2, $3, '', '', false, (select array_agg(id) from access_control.roles where tenant_id = $2 and name = 'user'),
         '', '{}', false, $4, 1, now())`,
      [id, tenantId, userName, sealed],
    )
    await db.query(
      `insert into access_control.ssh_keys (id, tenant_id, user_id, name, public_key, fingerprint, created_at)
       values (gen_random_uuid(), $1, $2, 'bench', $3, $4, now())`,
      [tenantId, id, blob, fingerprintOf(blob)],
    )
    typists.push({ id, userName, totp: new TOTP({ secret }) })
  }
  return { typists, privateKey: key.private }
}

/** A live session of somebody's. */
export type LiveSession = {
  readonly userId: string
  readonly ended: Promise<number>
  readonly close: () => void
}

/** Signs in from an address of its own on loopback (a source has its limits), and opens a shell. */
export const openSession = async (
  sshPort: number,
  { typists, privateKey }: Staff,
  number: number,
  account: string,
): Promise<LiveSession> => {
  const typist = typists[number]
  if (typist === undefined) throw new Error('nobody has this number')
  const client = new ssh2.Client()
  client.on('keyboard-interactive', (_name, _instructions, _language, prompts, answer) =>
    answer(prompts.map(() => typist.totp.generate())),
  )
  const ready = once(client, 'ready')
  client.connect({
    host: '127.0.0.1',
    port: sshPort,
    localAddress: `127.0.0.${2 + (number % 20)}`,
    username: `${typist.userName}[${account}]`,
    privateKey,
    tryKeyboard: true,
    readyTimeout: 60_000,
  })
  await ready
  const channel = await new Promise<ClientChannel>((resolve, reject) => {
    client.shell({ term: 'xterm' }, (error, opened) => (error ? reject(error) : resolve(opened)))
  })
  channel.on('data', () => {})
  channel.stderr.on('data', () => {})
  const ended = new Promise<number>(resolve => {
    channel.once('close', () => resolve(performance.now()))
  })
  client.on('error', () => {})
  return { userId: typist.id, ended, close: () => client.end() }
}
