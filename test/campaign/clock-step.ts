/**
 * Loaded into a tier before its own code (`node --import`): on SIGWINCH, which means nothing to it otherwise, its wall clock
 * is set back by a day.
 */
const day_ms = 86_400_000;
let back_ms = 0;
const RealDate = Date;
const now = (): number => RealDate.now() - back_ms;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
});
process.on('SIGWINCH', () => {
  back_ms = day_ms;
});
