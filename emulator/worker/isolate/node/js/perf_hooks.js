// node:perf_hooks.

import { absent } from 'node:internal/absent'

const missing = name => globalThis[name] ?? absent('perf_hooks', name)

export const performance = globalThis.performance
export const Performance = missing('Performance')
export const PerformanceEntry = missing('PerformanceEntry')
export const PerformanceMark = missing('PerformanceMark')
export const PerformanceMeasure = missing('PerformanceMeasure')
export const PerformanceObserver = missing('PerformanceObserver')
export const PerformanceObserverEntryList = missing('PerformanceObserverEntryList')
export const PerformanceResourceTiming = missing('PerformanceResourceTiming')
export const monitorEventLoopDelay = absent('perf_hooks', 'monitorEventLoopDelay')
export const createHistogram = absent('perf_hooks', 'createHistogram')
export const constants = {
  NODE_PERFORMANCE_GC_MAJOR: 4, NODE_PERFORMANCE_GC_MINOR: 1, NODE_PERFORMANCE_GC_INCREMENTAL: 8, NODE_PERFORMANCE_GC_WEAKCB: 16,
  NODE_PERFORMANCE_GC_FLAGS_NO: 0, NODE_PERFORMANCE_GC_FLAGS_CONSTRUCT_RETAINED: 2, NODE_PERFORMANCE_GC_FLAGS_FORCED: 4,
}

export default {
  Performance, PerformanceEntry, PerformanceMark, PerformanceMeasure, PerformanceObserver, PerformanceObserverEntryList,
  PerformanceResourceTiming, constants, createHistogram, monitorEventLoopDelay, performance,
}
