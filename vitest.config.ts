import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// Packages are tested as sources. Every environment of vite resolves by conditions of its own.
const resolve = { conditions: ['source', 'module', 'node', 'development|production'] }
const shared = {
  resolve,
  ssr: { resolve },
  environments: { __vitest__: { resolve } },
}

// Whose bounds are of time.
const alone = [
  'e2e/cluster-faults.test.ts',
  'e2e/faults/r-{01,09,15}-*.test.ts',
  'e2e/attacks/s-az-07-*.test.ts',
]

// Which take more than half a minute.
const long =
  /\/(r-0[2378]|r-1[48]|s-ssh-0[19]|s-az-01|cluster|kafka|standalone|rotation|real-rotation|openapi|crash)[^/]*$/

/** Starts with the long ones, so that none of them is left at the end with a worker idle beside it. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- it is the sequencer's, not an array's
    const sorted = await super.sort(files)
    return [
      ...sorted.filter(({ moduleId }) => long.test(moduleId)),
      ...sorted.filter(({ moduleId }) => !long.test(moduleId)),
    ]
  }
}

export default defineConfig({
  ...shared,
  test: {
    projects: [
      {
        ...shared,
        test: {
          name: 'unit',
          // Properties run thousands of cases, on whatever cores are left.
          testTimeout: 60_000,
          // They keep nothing from one file to the next, and a process for each took longer than the tests.
          isolate: false,
          include: [
            'packages/*/src/**/*.test.ts',
            'services/*/src/**/*.test.ts',
            'scripts/**/*.test.ts',
            'charts/tests/**/*.test.ts',
          ],
        },
      },
      {
        ...shared,
        test: {
          name: 'integration',
          include: ['packages/*/tests/**/*.test.ts', 'services/*/tests/**/*.test.ts'],
          globalSetup: ['packages/testing/src/global-setup.ts'],
          // As above; a database of its own keeps a file from the others.
          isolate: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          exclude: ['**/node_modules/**', 'e2e/soak/**', ...alone],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // After everything else: whole platforms take much of the machine.
          sequence: { groupOrder: 1 },
        },
      },
      {
        ...shared,
        test: {
          name: 'alone',
          include: alone,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        ...shared,
        test: {
          name: 'soak',
          include: ['e2e/soak/**/*.test.ts'],
          fileParallelism: false,
          // It has gone on beside all others since the start, and is judged last; see scripts/soak.ts.
          sequence: { groupOrder: 3 },
        },
      },
    ],
    sequence: { sequencer: LongFirst },
    // For two cores: while one waits, two work.
    maxWorkers: 3,
  },
})
