import { defineConfig } from 'vitest/config'

// Packages are tested as sources. Every environment of vite resolves by conditions of its own.
const resolve = { conditions: ['source', 'module', 'node', 'development|production'] }
const shared = {
  resolve,
  ssr: { resolve },
  environments: { __vitest__: { resolve } },
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
          include: ['packages/*/src/**/*.test.ts', 'services/*/src/**/*.test.ts', 'scripts/**/*.test.ts'],
        },
      },
      {
        ...shared,
        test: {
          name: 'integration',
          include: ['packages/*/tests/**/*.test.ts', 'services/*/tests/**/*.test.ts'],
          globalSetup: ['packages/testing/src/global-setup.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          // After everything else: whole platforms want the machine for themselves.
          sequence: { groupOrder: 1 },
        },
      },
    ],
    // Two cores: more workers only make each other late.
    maxWorkers: 2,
  },
})
