import { runDeadLetters } from '@sallyport/events/dead-letters-program'

process.exitCode = await runDeadLetters(process.argv.slice(2), {
  environment: process.env,
  urlVariable: 'SALLYPORT_AUDIT_WORKER_DATABASE_URL',
  out: text => process.stdout.write(text),
  err: text => process.stderr.write(text),
})
