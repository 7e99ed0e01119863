import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { pgTenantTransaction } from '@sallyport/database/transaction'
import { counted, figure } from '@sallyport/testing/proof'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newestRoot } from '../src/store/checkpoints.ts'
import { findRecord } from '../src/store/records.ts'
import { readTree } from '../src/store/tree-nodes.ts'
import { proveInclusion } from '../src/tree/tiles.ts'
import { intakes, newTenant, type TrailFixture, trailFixture } from './fixtures.ts'

const run = promisify(execFile)
const script = join(import.meta.dirname, '../../../docs/examples/verify-audit-proof.py')

let trail: TrailFixture
let directory: string
let keyFile: string
let python: string | undefined
beforeAll(async () => {
  trail = await trailFixture()
  directory = await mkdtemp(join(tmpdir(), 'sallyport-proofs-'))
  keyFile = join(directory, 'key.pem')
  await writeFile(keyFile, trail.keys.publicKey)
  python = await run('python3', ['--version']).then(
    () => 'python3',
    () => undefined,
  )
})
afterAll(async () => {
  await trail[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

type Proof = {
  tenantId: string
  sequence: number
  body: string
  path: string[]
  checkpoint: {
    sequence: number
    mac: string
    root: string
    signedAt: string
    keyId: string
    signature: string
  }
}

/** What the service answers, without its edge. */
const proofOf = (tenantId: string, sequence: number): Promise<Proof> =>
  pgTenantTransaction(trail.db.appPool, tenantId, async sql => {
    const record = await findRecord(sql, tenantId, BigInt(sequence))
    const signed = await newestRoot(sql, tenantId)
    if (!record || !signed) throw new Error('there is none')
    const { path } = await proveInclusion(readTree(sql, tenantId), signed.sequence, sequence - 1)
    return {
      tenantId,
      sequence,
      body: record.body.toString('base64'),
      path: path.map(hash => hash.toString('hex')),
      checkpoint: {
        sequence: signed.sequence,
        mac: Buffer.from(signed.mac).toString('hex'),
        root: Buffer.from(signed.root ?? []).toString('hex'),
        signedAt: signed.signedAt.toISOString(),
        keyId: signed.keyId,
        signature: Buffer.from(signed.signature).toString('base64url'),
      },
    }
  })

const verify = async (proofs: readonly Proof[], key = keyFile): Promise<string[]> => {
  const folder = join(directory, String(process.hrtime.bigint()))
  await mkdir(folder)
  const files = await Promise.all(
    proofs.map(async (proof, index) => {
      const file = join(folder, `${index}.json`)
      await writeFile(file, JSON.stringify(proof))
      return file
    }),
  )
  const { stdout } = await run(python ?? '', [script, key, ...files]).catch(
    (failed: { stdout: string }) => failed,
  )
  return stdout
    .trim()
    .split('\n')
    .map(line => line.slice(line.indexOf(': ') + 2))
}

describe('S-TA-03: one record is proved offline, by a script that shares no code with us', () => {
  test('every record of a trail that grew in steps is proved', async context => {
    if (!python) return context.skip('needs python3')
    const wanted = counted(1_000)
    const tenantId = newTenant()
    // Sizes around the edges of tiles; each step ends with a checkpoint.
    for (const step of [1, 254, 1, 1, 255, 600]) {
      await trail.record(intakes(tenantId, step))
      await trail.sign()
    }
    const size = 1_112
    const sequences = Array.from(
      { length: wanted },
      (_, index) => 1 + Math.floor((index * (size - 1)) / (wanted - 1)),
    )
    const proofs: Proof[] = []
    for (const sequence of sequences) proofs.push(await proofOf(tenantId, sequence))
    const verdicts = await verify(proofs)
    expect(verdicts).toHaveLength(wanted)
    expect(verdicts.filter(verdict => verdict !== 'proved')).toEqual([])
    expect((await trail.verify(tenantId)).code).toBe(0)
    figure(
      'S-TA-03',
      `${wanted} records of ${size} proved offline, at most ${Math.max(...proofs.map(({ path }) => path.length))} hashes each`,
    )
  }, 300_000)

  test('nothing else is: another body, place, path, size, root, time, key or signature', async context => {
    if (!python) return context.skip('needs python3')
    const tenantId = newTenant()
    await trail.record(intakes(tenantId, 300))
    await trail.sign()
    const [good, other] = [await proofOf(tenantId, 77), await proofOf(tenantId, 78)]
    const { checkpoint } = good
    const flipped = (hex: string): string => `${hex.startsWith('0') ? '1' : '0'}${hex.slice(1)}`
    const forged: [Proof, string][] = [
      [
        { ...good, body: Buffer.from(`${Buffer.from(good.body, 'base64').toString()} `).toString('base64') },
        'not in the tree',
      ],
      [{ ...good, sequence: 78 }, 'another one'],
      [{ ...other, path: good.path }, 'not in the tree'],
      [{ ...good, path: good.path.slice(1) }, 'not in the tree'],
      [{ ...good, path: [...good.path, good.path[0] ?? ''] }, 'not in the tree'],
      [{ ...good, path: good.path.map(flipped) }, 'not in the tree'],
      [{ ...good, checkpoint: { ...checkpoint, sequence: 76 } }, 'does not cover'],
      [{ ...good, checkpoint: { ...checkpoint, sequence: 301 } }, 'not signed'],
      [{ ...good, checkpoint: { ...checkpoint, root: flipped(checkpoint.root) } }, 'not in the tree'],
      [{ ...good, checkpoint: { ...checkpoint, mac: flipped(checkpoint.mac) } }, 'not signed'],
      [{ ...good, checkpoint: { ...checkpoint, signedAt: '2030-01-01T00:00:00.000Z' } }, 'not signed'],
      [
        { ...good, checkpoint: { ...checkpoint, signature: `${checkpoint.signature.slice(0, -4)}AAAA` } },
        'not signed',
      ],
    ]
    const verdicts = await verify(forged.map(([proof]) => proof))
    expect(verdicts).toEqual(forged.map(([, expected]) => expect.stringContaining(expected)))
    const foreign = join(directory, 'other.pem')
    await using elsewhere = await trailFixture()
    await writeFile(foreign, elsewhere.keys.publicKey)
    expect(await verify([good], foreign)).toEqual([expect.stringContaining('not signed with this key')])
    expect(await verify([good])).toEqual(['proved'])
  })

  test('a node of the tree that was changed makes the trail fail its verification', async () => {
    const tenantId = newTenant()
    await trail.record(intakes(tenantId, 256))
    await trail.sign()
    await trail.db.adminPool.query(
      'update audit.tree_nodes set hash = set_byte(hash, 3, get_byte(hash, 3) # 1) where tenant_id = $1',
      [tenantId],
    )
    await trail.record(intakes(tenantId, 4))
    await trail.sign()
    const { code, output } = await trail.verify(tenantId)
    expect(code).toBe(1)
    expect(output).toContain('from record 257 on it is not the trail that was signed')
  })
})
