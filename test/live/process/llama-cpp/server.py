"""llama.cpp's own HTTP server with a model of tiny_model.py, until it is killed. Prints its address.

Usage: server.py <file.gguf> <slots>        Needs: pip install xllamacpp
"""

import sys
import threading

import xllamacpp

parameters = xllamacpp.CommonParams()
parameters.model.path = sys.argv[1]
parameters.model_alias = {"tiny"}
parameters.hostnames = ["127.0.0.1"]
parameters.port = 0
parameters.n_parallel = int(sys.argv[2])
parameters.n_ctx = parameters.n_parallel * 1024
parameters.cpuparams.n_threads = 1
parameters.endpoint_metrics = True
server = xllamacpp.Server(parameters)
print(server.listening_address, flush=True)
threading.Event().wait()
