/* SPDX-License-Identifier: BSD-2-Clause */
#include "rom_tftp.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BLOCKS_MAX 65535u
#define BLKSIZE_DEFAULT 512u
#define PACKET_MAX_BYTES 65536

struct transfer {
	const struct rom_server *server;
	const struct rom_habits *habits;
	bool is_probe;
	int fd;
	bool is_answered; /* the server's port is known and connected to */
	uint64_t awaited; /* block; 0 for the answer to the request */
	size_t blksize;
	size_t room; /* of the answer's file */
	int64_t sent_ms;
	size_t sent_length;
	unsigned char sent[TFTP_SENT_MAX_BYTES]; /* last packet, to repeat */
	struct rom_answer answer;
};

int64_t rom_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

void rom_answer_free(struct rom_answer *answer)
{
	free(answer->file.bytes);
	answer->file = (struct rom_file){ .bytes = NULL };
}

/* --- Sending --- */

static int send_packet(struct transfer *transfer)
{
	const struct sockaddr_in *to = &transfer->server->address;
	ssize_t sent;

	transfer->sent_ms = rom_now_ms();
	/* Only the request goes to the server's own port. */
	if (transfer->is_answered)
		sent = send(transfer->fd, transfer->sent, transfer->sent_length,
			    0);
	else
		sent = sendto(transfer->fd, transfer->sent,
			      transfer->sent_length, 0,
			      (const struct sockaddr *)to, sizeof(*to));
	/* Whatever is lost on the way is repeated. */
	if (sent >= 0 || errno == EAGAIN || errno == ENOBUFS ||
	    errno == ECONNREFUSED)
		return 0;
	return -errno;
}

static int send_ack(struct transfer *transfer, uint64_t block)
{
	transfer->sent_length = tftp_put_ack(transfer->sent, (uint16_t)block);
	return send_packet(transfer);
}

static size_t put_text(unsigned char *packet, size_t length, const char *text)
{
	size_t size = strlen(text) + 1;

	memcpy(packet + length, text, size);
	return length + size;
}

/* Not tftp_put_request(), which always asks for both options. */
static int send_request(struct transfer *transfer, const char *path)
{
	unsigned char *packet = transfer->sent;
	size_t length = 2;
	char number[16];

	packet[0] = 0;
	packet[1] = TFTP_RRQ;
	length = put_text(packet, length, path);
	length = put_text(packet, length, "octet");
	if (transfer->habits->wants_tsize) {
		length = put_text(packet, length, "tsize");
		length = put_text(packet, length, "0");
	}
	if (transfer->habits->blksize > 0) {
		snprintf(number, sizeof(number), "%u",
			 transfer->habits->blksize);
		length = put_text(packet, length, "blksize");
		length = put_text(packet, length, number);
	}
	transfer->sent_length = length;
	return send_packet(transfer);
}

/* --- Receiving: each returns 1 at the end of the transfer, 0 before --- */

static int end(struct transfer *transfer, enum rom_outcome outcome)
{
	transfer->answer.outcome = outcome;
	return 1;
}

static int end_with_nonsense(struct transfer *transfer, const char *what)
{
	snprintf(transfer->answer.message, sizeof(transfer->answer.message),
		 "%s", what);
	return end(transfer, ROM_ERROR);
}

/* It is lost or not, as on a Pi: nothing waits for an answer. */
static int terminate_early(struct transfer *transfer)
{
	transfer->sent_length = tftp_put_error(transfer->sent, TFTP_NOT_DEFINED,
					       "Early terminate");
	send_packet(transfer);
	return end(transfer, ROM_PROBED);
}

static int take_options(struct transfer *transfer, const unsigned char *packet,
			size_t length)
{
	struct tftp_options *granted = &transfer->answer.granted;

	if (transfer->awaited > 0)
		return 0; /* repeated: our own timer sees to a lost ACK */
	if (!tftp_get_options(packet, length, granted) ||
	    (granted->has_tsize && !transfer->habits->wants_tsize))
		return end_with_nonsense(transfer, "a wrong OACK");
	if (granted->has_blksize) {
		if (granted->blksize > transfer->habits->blksize ||
		    granted->blksize < TFTP_BLKSIZE_MIN)
			return end_with_nonsense(transfer,
						 "a blksize not asked for");
		transfer->blksize = granted->blksize;
	}
	if (transfer->is_probe && !transfer->habits->acks_probe)
		return terminate_early(transfer);
	transfer->awaited = 1;
	return send_ack(transfer, 0);
}

static int keep_block(struct transfer *transfer, const unsigned char *content,
		      size_t length)
{
	struct rom_file *file = &transfer->answer.file;
	size_t needed = file->length + length;

	if (length == 0)
		return 0;
	if (needed > transfer->room) {
		size_t room = needed * 2;
		unsigned char *bytes = realloc(file->bytes, room);

		if (!bytes)
			return -ENOMEM;
		file->bytes = bytes;
		transfer->room = room;
	}
	memcpy(file->bytes + file->length, content, length);
	file->length = needed;
	return 0;
}

static int take_block(struct transfer *transfer, const unsigned char *packet,
		      size_t length)
{
	uint64_t block = transfer->awaited > 0 ? transfer->awaited : 1;
	int error;

	length -= TFTP_HEADER_BYTES;
	/* A repeated one; start4.elf's way to answer it is a bug it had. */
	if (get_be16(packet + 2) != (uint16_t)block)
		return 0;
	if (transfer->is_probe)
		return terminate_early(transfer);
	if (length > transfer->blksize)
		return end_with_nonsense(transfer, "a block of wrong size");
	if (transfer->answer.file.length + length > ROM_FILE_MAX_BYTES)
		return end_with_nonsense(transfer, "a file without end");
	error = keep_block(transfer, packet + TFTP_HEADER_BYTES, length);
	if (error == 0)
		error = send_ack(transfer, block);
	if (error < 0)
		return error;
	transfer->awaited = block + 1;
	if (length < transfer->blksize)
		return end(transfer, ROM_LOADED);
	/*
	 * What comes now has number 0.  Of what happens then is known that the
	 * file is cut without a word, after 65535 blocks (rpi-eeprom issue
	 * 375), so there is no farewell to the server either.
	 */
	if (transfer->habits->has_block_limit && block == BLOCKS_MAX) {
		transfer->answer.is_cut = true;
		return end(transfer, ROM_LOADED);
	}
	return 0;
}

static int take_error(struct transfer *transfer, const unsigned char *packet,
		      size_t length)
{
	struct rom_answer *answer = &transfer->answer;

	answer->error_code = get_be16(packet + 2);
	tftp_get_message(packet, length, answer->message,
			 sizeof(answer->message));
	return end(transfer, answer->error_code == TFTP_NOT_FOUND ?
				     ROM_NOT_FOUND :
				     ROM_ERROR);
}

static int take_packet(struct transfer *transfer, const unsigned char *packet,
		       size_t length)
{
	if (length < TFTP_HEADER_BYTES)
		return end_with_nonsense(transfer, "a short packet");
	switch (get_be16(packet)) {
	case TFTP_OACK:
		return take_options(transfer, packet, length);
	case TFTP_DATA:
		return take_block(transfer, packet, length);
	case TFTP_ERROR:
		return take_error(transfer, packet, length);
	default:
		return end_with_nonsense(transfer, "a strange packet");
	}
}

static int receive(struct transfer *transfer)
{
	unsigned char packet[PACKET_MAX_BYTES];
	struct sockaddr_in from = { .sin_family = AF_UNSPEC };
	socklen_t from_length = sizeof(from);
	ssize_t length =
		recvfrom(transfer->fd, packet, sizeof(packet), MSG_DONTWAIT,
			 (struct sockaddr *)&from, &from_length);

	/* A damaged packet, or nobody there yet: the timer goes on. */
	if (length < 0)
		return 0;
	if (!transfer->is_answered) {
		if (from.sin_addr.s_addr !=
		    transfer->server->address.sin_addr.s_addr)
			return 0;
		/* From here on it is with the port that answered. */
		if (connect(transfer->fd, (const struct sockaddr *)&from,
			    sizeof(from)) < 0)
			return -errno;
		transfer->is_answered = true;
	}
	return take_packet(transfer, packet, (size_t)length);
}

/* --- The whole of it --- */

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int run(struct transfer *transfer, const char *path)
{
	int64_t file_deadline_ms =
		rom_now_ms() + transfer->habits->file_timeout_ms;
	int result = send_request(transfer, path);

	while (result == 0) {
		struct pollfd ready = { .fd = transfer->fd, .events = POLLIN };
		int64_t now_ms = rom_now_ms();
		int64_t repeat_ms =
			transfer->sent_ms + transfer->habits->retransmit_ms;
		int64_t until_ms = smaller(smaller(repeat_ms, file_deadline_ms),
					   transfer->server->deadline_ms);

		if (now_ms >= transfer->server->deadline_ms)
			return -ETIME;
		if (now_ms >= file_deadline_ms)
			return end(transfer, ROM_TIMEOUT);
		if (now_ms >= repeat_ms) {
			result = send_packet(transfer);
			continue;
		}
		if (poll(&ready, 1, (int)(until_ms - now_ms)) > 0)
			result = receive(transfer);
	}
	return result;
}

int rom_transfer(const struct rom_server *server,
		 const struct rom_habits *habits, const char *path,
		 bool is_probe, struct rom_answer *ret_answer)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct transfer transfer = {
		.server = server,
		.habits = habits,
		.is_probe = is_probe,
		.fd = fd,
		.blksize = BLKSIZE_DEFAULT,
	};
	int result;

	if (fd < 0)
		return -errno;
	result = run(&transfer, path);
	if (result < 0 || transfer.answer.outcome != ROM_LOADED)
		rom_answer_free(&transfer.answer);
	if (result < 0)
		return result;
	*ret_answer = transfer.answer;
	return 0;
}
