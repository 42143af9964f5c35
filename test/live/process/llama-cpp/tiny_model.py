"""Writes a tiny llama model with random weights as GGUF: 2 layers, 64 wide, a vocabulary of bytes. Its words are noise; its
server, its slots, its KV cache and its streams are real.

Usage: tiny_model.py <file.gguf>        Needs: pip install gguf numpy
"""

import sys

import gguf
import numpy as np

WIDTH, LAYERS, HEADS, HIDDEN, CONTEXT = 64, 2, 4, 128, 4096
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6  # token types of llama.cpp

random = np.random.default_rng(1)
tokens = [b"<unk>", b"<s>", b"</s>"] + [f"<0x{byte:02X}>".encode() for byte in range(256)]
kinds = [UNKNOWN, CONTROL, CONTROL] + [BYTE] * 256
for letter in range(ord("a"), ord("z") + 1):
    tokens += [bytes([letter]), "▁".encode() + bytes([letter])]
    kinds += [NORMAL, NORMAL]

writer = gguf.GGUFWriter(sys.argv[1], "llama")
writer.add_name("tiny")
writer.add_context_length(CONTEXT)
writer.add_embedding_length(WIDTH)
writer.add_block_count(LAYERS)
writer.add_feed_forward_length(HIDDEN)
writer.add_head_count(HEADS)
writer.add_head_count_kv(HEADS)
writer.add_rope_dimension_count(WIDTH // HEADS)
writer.add_layer_norm_rms_eps(1e-5)
writer.add_vocab_size(len(tokens))
writer.add_tokenizer_model("llama")
writer.add_token_list(tokens)
writer.add_token_scores([0.0] * len(tokens))
writer.add_token_types(kinds)
writer.add_bos_token_id(1)
writer.add_eos_token_id(2)
writer.add_unk_token_id(0)
writer.add_chat_template("{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\\n' }}{% endfor %}")


def matrix(name: str, rows: int, columns: int) -> None:
    writer.add_tensor(name, random.normal(0, 0.05, (rows, columns)).astype(np.float32))


def ones(name: str) -> None:
    writer.add_tensor(name, np.ones(WIDTH, dtype=np.float32))


matrix("token_embd.weight", len(tokens), WIDTH)
ones("output_norm.weight")
matrix("output.weight", len(tokens), WIDTH)
for layer in range(LAYERS):
    for name in ("attn_norm", "ffn_norm"):
        ones(f"blk.{layer}.{name}.weight")
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        matrix(f"blk.{layer}.{name}.weight", WIDTH, WIDTH)
    for name in ("ffn_gate", "ffn_up"):
        matrix(f"blk.{layer}.{name}.weight", HIDDEN, WIDTH)
    matrix(f"blk.{layer}.ffn_down.weight", WIDTH, HIDDEN)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
