/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads: the case locale is made once, under pthread_once. */
#include "utf.h"

#include <locale.h>
#include <pthread.h>
#include <string.h>
#include <wctype.h>

static pthread_once_t case_locale_once = PTHREAD_ONCE_INIT;
static locale_t case_locale;

/* glibc builds C.UTF-8 in since 2.35; without it only ASCII folds. */
static void make_case_locale(void)
{
	case_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

size_t pbf_utf8_encode(uint32_t code_point, char out[PBF_UTF8_MAX])
{
	if (code_point < 0x80) {
		out[0] = (char)code_point;
		return 1;
	}
	if (code_point < 0x800) {
		out[0] = (char)(0xc0 | code_point >> 6);
		out[1] = (char)(0x80 | (code_point & 0x3f));
		return 2;
	}
	if (code_point < 0x10000) {
		out[0] = (char)(0xe0 | code_point >> 12);
		out[1] = (char)(0x80 | (code_point >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code_point & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code_point >> 18);
	out[1] = (char)(0x80 | (code_point >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code_point >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code_point & 0x3f));
	return 4;
}

/* Length of the sequence that FIRST starts, 0 when it cannot start one. */
static size_t utf8_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first < 0xe0)
		return 2;
	if (first >= 0xe0 && first < 0xf0)
		return 3;
	if (first >= 0xf0 && first < 0xf5)
		return 4;
	return 0;
}

uint32_t pbf_utf8_next(const char **text)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)*text;
	size_t length = utf8_length(p[0]);
	uint32_t code_point;

	if (p[0] == 0)
		return 0;
	if (length == 1) {
		*text += 1;
		return p[0];
	}
	code_point = length ? p[0] & (0x7fu >> length) : 0;
	for (size_t i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80) {
			length = 0;
			break;
		}
		code_point = code_point << 6 | (p[i] & 0x3f);
	}
	if (length == 0 || code_point < smallest[length] ||
	    code_point > 0x10ffff ||
	    (code_point >= 0xd800 && code_point < 0xe000)) {
		*text += 1;
		return 0xdc00u | p[0];
	}
	*text += length;
	return code_point;
}

void pbf_utf16_to_utf8(const uint16_t *units, size_t unit_count, char *out)
{
	for (size_t i = 0; i < unit_count; i++) {
		uint32_t code_point = units[i];
		bool high = code_point >= 0xd800 && code_point < 0xdc00;
		bool low = code_point >= 0xdc00 && code_point < 0xe000;

		if (high && i + 1 < unit_count && units[i + 1] >= 0xdc00 &&
		    units[i + 1] < 0xe000)
			code_point = 0x10000 + ((code_point & 0x3ff) << 10) +
				     (units[++i] & 0x3ff);
		else if (high || low)
			code_point = PBF_REPLACEMENT_CHARACTER;
		out += pbf_utf8_encode(code_point, out);
	}
	*out = '\0';
}

static bool is_unfit_to_show(uint32_t code_point)
{
	static const uint32_t ranges[][2] = {
		{ 0x01, 0x1f },	    { 0x7f, 0x9f },	{ 0x61c, 0x61c },
		{ 0x200e, 0x200f }, { 0x2028, 0x202e }, { 0x2066, 0x2069 },
		{ 0xdc80, 0xdcff }, /* no UTF-8, see pbf_utf8_next() */
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (code_point >= ranges[i][0] && code_point <= ranges[i][1])
			return true;
	return false;
}

void pbf_utf_mask(char *text)
{
	const char *from = text;
	char *to = text;

	for (;;) {
		const char *character = from;
		uint32_t code_point = pbf_utf8_next(&from);

		if (code_point == 0)
			break;
		if (is_unfit_to_show(code_point))
			*to++ = '?';
		else
			while (character < from)
				*to++ = *character++;
	}
	*to = '\0';
}

bool pbf_parse_code_page(const char *text, enum pbf_code_page *ret_page)
{
	if (strcmp(text, "437") == 0)
		*ret_page = PBF_CODE_PAGE_437;
	else if (strcmp(text, "850") == 0)
		*ret_page = PBF_CODE_PAGE_850;
	else
		return false;
	return true;
}

/* As the Unicode Consortium maps them: CP437.TXT and CP850.TXT. */
static const uint16_t upper_halves[][128] = {
	[PBF_CODE_PAGE_437] = {
			0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7,
			0x00ea, 0x00eb, 0x00e8, 0x00ef, 0x00ee, 0x00ec, 0x00c4, 0x00c5,
			0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9,
			0x00ff, 0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192,
			0x00e1, 0x00ed, 0x00f3, 0x00fa, 0x00f1, 0x00d1, 0x00aa, 0x00ba,
			0x00bf, 0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb,
			0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556,
			0x2555, 0x2563, 0x2551, 0x2557, 0x255d, 0x255c, 0x255b, 0x2510,
			0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f,
			0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x2567,
			0x2568, 0x2564, 0x2565, 0x2559, 0x2558, 0x2552, 0x2553, 0x256b,
			0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580,
			0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4,
			0x03a6, 0x0398, 0x03a9, 0x03b4, 0x221e, 0x03c6, 0x03b5, 0x2229,
			0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7, 0x2248,
			0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0,
	},
	[PBF_CODE_PAGE_850] = {
			0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7,
			0x00ea, 0x00eb, 0x00e8, 0x00ef, 0x00ee, 0x00ec, 0x00c4, 0x00c5,
			0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9,
			0x00ff, 0x00d6, 0x00dc, 0x00f8, 0x00a3, 0x00d8, 0x00d7, 0x0192,
			0x00e1, 0x00ed, 0x00f3, 0x00fa, 0x00f1, 0x00d1, 0x00aa, 0x00ba,
			0x00bf, 0x00ae, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb,
			0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x00c1, 0x00c2, 0x00c0,
			0x00a9, 0x2563, 0x2551, 0x2557, 0x255d, 0x00a2, 0x00a5, 0x2510,
			0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x00e3, 0x00c3,
			0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x00a4,
			0x00f0, 0x00d0, 0x00ca, 0x00cb, 0x00c8, 0x0131, 0x00cd, 0x00ce,
			0x00cf, 0x2518, 0x250c, 0x2588, 0x2584, 0x00a6, 0x00cc, 0x2580,
			0x00d3, 0x00df, 0x00d4, 0x00d2, 0x00f5, 0x00d5, 0x00b5, 0x00fe,
			0x00de, 0x00da, 0x00db, 0x00d9, 0x00fd, 0x00dd, 0x00af, 0x00b4,
			0x00ad, 0x00b1, 0x2017, 0x00be, 0x00b6, 0x00a7, 0x00f7, 0x00b8,
			0x00b0, 0x00a8, 0x00b7, 0x00b9, 0x00b3, 0x00b2, 0x25a0, 0x00a0,
	},
};

uint32_t pbf_code_page_to_unicode(enum pbf_code_page page, unsigned char byte)
{
	return byte < 0x80 ? byte : upper_halves[page][byte - 0x80];
}

/* Maps a code point with FUNCTION, unless that would enter or leave ASCII. */
static uint32_t map_case(uint32_t code_point,
			 wint_t (*function)(wint_t, locale_t))
{
	uint32_t mapped;

	pthread_once(&case_locale_once, make_case_locale);
	if (!case_locale)
		return code_point;
	mapped = (uint32_t)function((wint_t)code_point, case_locale);
	return mapped < 0x80 ? code_point : mapped;
}

uint32_t pbf_fold_case(uint32_t code_point)
{
	if (code_point >= 'a' && code_point <= 'z')
		return code_point - 'a' + 'A';
	if (code_point < 0x80)
		return code_point;
	return map_case(code_point, towupper_l);
}

uint32_t pbf_lower_case(uint32_t code_point)
{
	if (code_point >= 'A' && code_point <= 'Z')
		return code_point - 'A' + 'a';
	if (code_point < 0x80)
		return code_point;
	return map_case(code_point, towlower_l);
}

bool pbf_equal_folded(const char *a, const char *b)
{
	for (;;) {
		uint32_t code_a = pbf_utf8_next(&a);
		uint32_t code_b = pbf_utf8_next(&b);

		if (pbf_fold_case(code_a) != pbf_fold_case(code_b))
			return false;
		if (code_a == 0)
			return true;
	}
}
