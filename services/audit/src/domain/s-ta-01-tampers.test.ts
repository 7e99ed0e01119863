import { createHmac } from 'node:crypto'
import { counted, figure } from '@sallyport/testing/proof'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { growingTree, leafHash, rootOf } from '../tree/merkle.ts'
import { genesis, linkMac, type Mac } from './chain.ts'
import type { Checkpoint } from './checkpoint.ts'
import { columnsOf } from './columns.ts'
import { encodeBody } from './trail-record.ts'
import {
  type ChainRow,
  type Problem,
  type Trail,
  type TrailTree,
  type Verdict,
  verifyChain,
} from './verify-chain.ts'

const macWith =
  (key: string): Mac =>
  parts =>
    parts.reduce((hmac, part) => hmac.update(part), createHmac('sha256', key)).digest()

const at = new Date('2026-01-02T03:04:05.678Z')

const row = (sequence: number, previous: Uint8Array, mac: Mac, code = 'secret.revealed'): ChainRow => {
  const record = {
    tenantId: 't1',
    sequence,
    eventId: `event-${sequence}`,
    code,
    occurredAt: at,
    recordedAt: at,
    service: 'vault',
    outcome: 'success',
    actor: { kind: 'user', id: 'u1', name: 'alice', loginSessionId: '', sourceAddress: '' },
    target: { kind: 'credential', id: `c${sequence}`, name: 'root' },
    requestId: '',
    sessionId: '',
    grantId: '',
    correlationId: '',
    details: { version: '1' },
  }
  const body = encodeBody(record)
  return { sequence, columns: { ...columnsOf(record) }, body, mac: linkMac(mac, previous, sequence, body) }
}

const mac = macWith('key')

const grow = (rows: ChainRow[], count: number, code?: string, key: Mac = mac): ChainRow[] => {
  const grown = [...rows]
  while (grown.length < count) grown.push(row(grown.length + 1, grown.at(-1)?.mac ?? genesis.mac, key, code))
  return grown
}

async function* stream(rows: readonly ChainRow[]): AsyncGenerator<ChainRow> {
  yield* rows.toSorted((a, b) => a.sequence - b.sequence)
}

const checkpointAt = (rows: readonly ChainRow[], sequence: number): Checkpoint => ({
  tenantId: 't1',
  sequence,
  mac: rows[sequence - 1]?.mac ?? genesis.mac,
  root: rootOf(rows.slice(0, sequence).map(({ body }) => leafHash(body))),
  signedAt: at,
  keyId: 'k',
  signature: Buffer.alloc(64),
})

const verify = (rows: readonly ChainRow[], rest: Partial<Trail> = {}): Promise<Verdict> =>
  verifyChain({ rows: stream(rows), checkpoints: [], mac, isSigned: () => true, tree: newTree(), ...rest })

const newTree = (): TrailTree => {
  const tree = growingTree()
  return { add: body => tree.add(leafHash(body)), root: tree.root }
}

// What a tamper did, where the first bad record is, and what it may be called.
type Tampered = { readonly rows: ChainRow[]; readonly bad: number; readonly problems: readonly Problem[] }
type Place = { readonly k: number; readonly j: number; readonly bit: number }

const flip = (bytes: Uint8Array, bit: number): Buffer => {
  const copy = Buffer.from(bytes)
  const at = bit % copy.length
  copy.writeUInt8(copy.readUInt8(at) ^ (1 << (bit % 8)), at)
  return copy
}

const put = (rows: readonly ChainRow[], k: number, change: Partial<ChainRow>): ChainRow[] =>
  rows.map(old => (old.sequence === k ? { ...old, ...change } : old))

const get = (rows: readonly ChainRow[], k: number): ChainRow => {
  const found = rows[k - 1]
  if (!found) throw new Error('no such row')
  return found
}

const renumbered = (rows: readonly ChainRow[]): ChainRow[] =>
  rows.map((old, index) => ({ ...old, sequence: index + 1 }))

const tampers: Readonly<Record<string, (rows: ChainRow[], place: Place) => Tampered>> = {
  'a bit of the body': (rows, { k, bit }) => ({
    rows: put(rows, k, { body: flip(get(rows, k).body, bit) }),
    bad: k,
    problems: ['edited'],
  }),
  'a bit of the MAC': (rows, { k, bit }) => ({
    rows: put(rows, k, { mac: flip(get(rows, k).mac, bit) }),
    bad: k,
    problems: ['edited'],
  }),
  'a column': (rows, { k, bit }) => {
    const names = Object.keys(get(rows, k).columns)
    const name = names[bit % names.length] ?? ''
    const columns = { ...get(rows, k).columns, [name]: name.endsWith('_at') ? new Date(0) : 'other' }
    return { rows: put(rows, k, { columns }), bad: k, problems: ['edited'] }
  },
  'a row overwritten with a copy of another': (rows, { k, j }) => {
    const { sequence: _, ...copy } = get(rows, j)
    return {
      rows: put(rows, k, copy),
      bad: k,
      problems: k === j ? [] : j < k ? ['inserted', 'edited'] : ['edited'],
    }
  },
  "a row overwritten with another tenant's": (rows, { k }) => {
    const { sequence: _, ...copy } = get(grow([], rows.length, 'user.created', macWith('other')), k)
    return { rows: put(rows, k, copy), bad: k, problems: ['edited'] }
  },
  'a row deleted': (rows, { k }) => ({
    rows: rows.filter(({ sequence }) => sequence !== k),
    bad: k,
    problems: [k === rows.length ? 'cut off' : 'removed'],
  }),
  'a row deleted and the others renumbered': (rows, { k }) => ({
    rows: renumbered(rows.filter(({ sequence }) => sequence !== k)),
    bad: k,
    // Nothing follows the last one, so that it moved up cannot be told from its having been edited.
    problems: [k === rows.length ? 'cut off' : k === rows.length - 1 ? 'edited' : 'removed'],
  }),
  'two rows swapped': (rows, { k, j }) => {
    const [a, b] = [get(rows, k), get(rows, j)]
    const swapped = put(put(rows, k, { ...b, sequence: -1 }), j, { ...a, sequence: j })
    const problems: Problem[] = k === j ? [] : ['reordered']
    return {
      rows: swapped.map(old => (old.sequence === -1 ? { ...old, sequence: k } : old)),
      bad: Math.min(k, j),
      problems,
    }
  },
  'a sequence number changed': (rows, { k }) => ({
    rows: put(rows, k, { sequence: rows.length + 100 }),
    bad: k,
    problems: ['reordered'],
  }),
  'the tail cut off': (rows, { k }) => ({ rows: rows.slice(0, k - 1), bad: k, problems: ['cut off'] }),
  'a forged row inserted': (rows, { k }) => {
    const forged = row(k, genesis.mac, macWith('guess'), 'login.succeeded')
    return {
      rows: renumbered([...rows.slice(0, k - 1), forged, ...rows.slice(k - 1)]),
      bad: k,
      problems: ['inserted'],
    }
  },
  'a copy inserted': (rows, { k, j }) => {
    const inserted = renumbered([...rows.slice(0, k - 1), get(rows, j), ...rows.slice(k - 1)])
    // A copy just before itself fits; then it is the original that is one too many, or at the end one that was made up.
    if (j === k) return { rows: inserted, bad: k + 1, problems: [k === rows.length ? 'edited' : 'inserted'] }
    return { rows: inserted, bad: k, problems: ['inserted'] }
  },
  'a block replayed behind the end': (rows, { k, j }) => ({
    rows: renumbered([...rows, ...rows.slice(Math.min(k, j) - 1, Math.max(k, j))]),
    bad: rows.length + 1,
    problems: ['inserted', 'edited'],
  }),
  'the chain made anew without the key': (rows, { k }) => ({
    rows: grow(rows.slice(0, k - 1), rows.length, 'user.created', macWith('guess')),
    bad: k,
    problems: ['edited'],
  }),
}

const places = fc.record({ k: fc.nat(), j: fc.nat(), bit: fc.nat() })

const each = Math.ceil(counted(10_000) / Object.keys(tampers).length)

describe('S-TA-01: whatever somebody does to a trail is found, and the first bad record is named', () => {
  it('proves an untouched chain of any length, with any checkpoints', async () => {
    const lengths = fc.integer({ min: 0, max: 30 })
    await fc.assert(
      fc.asyncProperty(lengths, fc.array(fc.nat()), async (length, marks) => {
        const rows = grow([], length)
        const checkpoints = length ? marks.map(mark => checkpointAt(rows, (mark % length) + 1)) : []
        const head = { sequence: length, mac: rows.at(-1)?.mac ?? genesis.mac }
        expect(await verify(rows, { checkpoints, head })).toMatchObject({
          records: length,
          finding: undefined,
        })
      }),
    )
  })

  it.each(Object.entries(tampers))('finds %s, and names the first bad record', async (_name, tamper) => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 25 }), places, async (length, raw) => {
        const rows = grow([], length)
        const place = { k: (raw.k % length) + 1, j: (raw.j % length) + 1, bit: raw.bit }
        const tampered = tamper(rows, place)
        const { finding, records } = await verify(tampered.rows, {
          checkpoints: [checkpointAt(rows, length)],
        })
        if (tampered.problems.length === 0) {
          expect(finding).toBeUndefined()
          return
        }
        expect(finding?.badSequence).toBe(tampered.bad)
        expect(records).toBe(tampered.bad - 1)
        expect(tampered.problems).toContain(finding?.problem)
      }),
      { numRuns: each },
    )
  })

  afterAll(() => {
    const kinds = Object.keys(tampers).length
    figure('S-TA-01', `${(each * kinds).toLocaleString('en')} tampers of ${kinds} kinds, all found and named`)
  })

  it('finds a checkpoint whose root is that of another tree', async () => {
    const rows = grow([], 9)
    const signed = { ...checkpointAt(rows, 6), root: checkpointAt(rows, 5).root }
    const { finding } = await verify(rows, { checkpoints: [checkpointAt(rows, 3), signed] })
    expect(finding).toEqual({ problem: 'rewritten', badSequence: 4 })
  })

  it('finds a chain that was cut off and grown again with the key, by its checkpoints', async () => {
    const rows = grow([], 20)
    const checkpoints = [checkpointAt(rows, 5), checkpointAt(rows, 15)]
    const regrown = grow(rows.slice(0, 12), 30, 'user.created')
    const { finding } = await verify(regrown, { checkpoints })
    expect(finding).toEqual({ problem: 'rewritten', badSequence: 6 })
  })

  it('finds a cut tail by the head alone', async () => {
    const rows = grow([], 9)
    const { finding } = await verify(rows.slice(0, 4), { head: { sequence: 9, mac: get(rows, 9).mac } })
    expect(finding).toEqual({ problem: 'cut off', badSequence: 5 })
  })

  it('finds a checkpoint that is not signed', async () => {
    const rows = grow([], 4)
    const { finding } = await verify(rows, { checkpoints: [checkpointAt(rows, 3)], isSigned: () => false })
    expect(finding).toEqual({ problem: 'forged checkpoint', badSequence: 3 })
  })

  it('looks at arbitrary bytes without failing', async () => {
    const garbage = fc.record({
      sequence: fc.integer(),
      columns: fc.dictionary(fc.string(), fc.anything()),
      body: fc.oneof(
        fc.uint8Array(),
        fc.json().map(text => Buffer.from(text)),
      ),
      mac: fc.uint8Array(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(garbage, { minLength: 1 }), async rows => {
        expect((await verify(rows)).finding?.badSequence).toBe(1)
      }),
    )
  })
})
