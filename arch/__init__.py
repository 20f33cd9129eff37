"""The contract: everything that gateware, golden model, compiler and driver must agree on.

Pure standard library, and imports nothing of ours. A width, a count, an opcode or a latency is
written down here once; everybody else reads it.

geometry      the frozen parameters of one accelerator, checked at construction
descriptor    the fields of a layer descriptor, as the sequencer reads them from program memory
memory        the memory spaces behind the link, and the layout of a word in each
packet        frames, requests, replies and error codes of the link
timing        latencies of the pipeline, and the cycle model built on them
"""
