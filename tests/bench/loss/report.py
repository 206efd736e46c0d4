# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/results/loss.md: tables and curves of the finished rows."""
import curves
import matrix

# What CRLSC has to keep without protection and without a way back: most loss of SSIM, and seconds until it has recovered.
DEMANDED = {'loss:0.01': 0.01, 'loss:0.05': 0.03, 'loss:0.1': 0.05, 'loss:0.2': 0.10}
DEMANDED_RECOVERY = 0.7
HELD = ', held'


def table(header, rows):
    lines = ['| ' + ' | '.join(header) + ' |', '|' + ' --- |' * len(header)]
    return lines + ['| ' + ' | '.join(row) + ' |' for row in rows] + ['']


def number(row, name, digits, factor=1):
    return '%.*f' % (digits, factor * float(row[name])) if row.get(name, '') != '' else ''


class Results:
    """Rows by what was set."""

    def __init__(self, rows, clips):
        self.clips = clips
        self.rows = {(r['clip'], r['codec'], r['protection'], int(r['way_back']), r['condition']): r for r in rows}

    def one(self, clip, codec, protection, way_back, condition):
        return self.rows.get((clip.name, codec, protection, int(way_back), condition))

    def mean(self, codec, protection, way_back, condition):
        """Over the clips that were measured: each column's mean, the longest of what is longest. `codec` may end in HELD.
        The number of failures is in `failures`."""
        held = 'held_' if codec.endswith(HELD) else ''
        rows = [self.one(clip, codec.removesuffix(HELD), protection, way_back, condition) for clip in self.clips]
        good = [row for row in rows if row and not row['failure']]
        out = {'failures': sum(1 for row in rows if row and row['failure'])}
        if not good:
            return out
        for name in good[0]:
            if name.startswith('held_'):
                continue
            values = [row[held + name] if held + name in row else row[name] for row in good]
            try:
                values = [float(v) for v in values if v != '']
            except ValueError:
                continue
            if values:
                longest = name.startswith('longest') or name.endswith('longest_s')
                total = name in ('recovered', 'bursts')
                out[name] = max(values) if longest else sum(values) if total else sum(values) / len(values)
        return out


def matrix_table(results, codecs, protections, way_back, conditions, name, digits, factor=1):
    out = []
    for codec in codecs:
        for protection in protections:
            means = [results.mean(codec, protection, way_back, c) for c in conditions]
            if any(name in mean for mean in means):
                out.append([codec, protection] + [number(mean, name, digits, factor) for mean in means])
    return table(['', 'protection'] + [matrix.label(c) for c in conditions], out)


def verdict(value, limit):
    return 'kept' if value <= limit else 'missed'


def demanded(results, losses):
    """CRLSC beside what is demanded of it."""
    out = []
    for clip in results.clips:
        for condition in losses:
            row = results.one(clip, 'crlsc', 'none', False, condition)
            if condition == 'loss:0' or not row:
                continue
            limit = DEMANDED.get(condition)
            drop = float(row['ssim_drop'])
            mean = recovery = ''
            if float(row['bursts'] or 0) > 0:
                mean = number(row, 'recovery_mean_s', 1)
                late = float(row['recovery_longest_s'])
                recovery = '%.1f (demanded %.1f: %s)' % (late, DEMANDED_RECOVERY, verdict(late, DEMANDED_RECOVERY))
            out.append([clip.name, matrix.label(condition), number(row, 'put_out', 1, 100), number(row, 'ssim', 4),
                        '%.4f' % drop, '' if limit is None else '%.2f: %s' % (limit, verdict(drop, limit)), mean, recovery])
    return table(['clip', 'loss', 'put out %', 'SSIM', 'drop', 'demanded', 'mean recovery s', 'longest'], out)


def all_means(results, codecs, protections, way_back, conditions):
    header = ['', 'protection', 'condition', 'wire kbit/s', 'media', 'headers', 'prot.', 'lost %', 'put out %', 'shown %',
              'frozen s', 'longest', 'PSNR-Y', 'SSIM', 'drop', 'keys asked /min', 'reports /min', 'recovery s', 'longest',
              'recovered']
    out = []
    for codec in codecs:
        for protection in protections:
            for condition in conditions:
                mean = results.mean(codec, protection, way_back, condition)
                if 'ssim' not in mean:
                    continue
                recovered = '%d of %d' % (mean['recovered'], mean['bursts']) if 'recovered' in mean else ''
                out.append([codec, protection, matrix.label(condition)] + [
                    number(mean, name, digits, factor) for name, digits, factor in (
                        ('wire_kbps', 2, 1), ('media_kbps', 2, 1), ('header_kbps', 2, 1), ('protection_kbps', 2, 1),
                        ('lost', 1, 100), ('put_out', 1, 100), ('shown', 1, 100), ('frozen_s', 2, 1),
                        ('longest_freeze_s', 1, 1), ('psnr', 2, 1), ('ssim', 4, 1), ('ssim_drop', 4, 1),
                        ('key_requests_per_min', 1, 1), ('loss_reports_per_min', 1, 1), ('recovery_mean_s', 2, 1),
                        ('recovery_longest_s', 1, 1))] + [recovered])
    return table(header, out)


def panel(results, title, codecs, protection, way_back, conditions, unit, name, factor=1):
    lines = []
    for codec in codecs:
        means = [results.mean(codec, protection, way_back, c) for c in conditions]
        if any(name in mean for mean in means):
            lines.append(curves.Line(codec, [factor * mean[name] if name in mean else None for mean in means]))
    places = [matrix.label(c).replace(' %', '').replace(' dB', '') for c in conditions]
    return curves.Panel(title, places, unit, lines)


def loss_curves(results, codecs, protections, way_back, losses, path):
    names = {'none': 'no protection', 'ulpfec': 'error correction', 'rtx': 'retransmission'}
    axis = [c for c in losses if c.startswith('loss:')]
    curves.draw([[panel(results, 'SSIM, ' + names[p], codecs, p, way_back, axis, 'packets lost, %', 'ssim'),
                  panel(results, 'pictures shown, %, ' + names[p], codecs, p, way_back, axis, 'packets lost, %', 'shown',
                        100)]
                 for p in protections], path)


def radio_curves(results, radio, path):
    actions = {'drop': 'packets with wrong bits are lost', 'deliver': 'wrong bits are handed on'}
    rows = []
    for action, text in actions.items():
        groups = [(fading, [c for c in radio if c.endswith('%s:%s' % (fading, action))]) for fading in matrix.FADINGS]
        rows.append([panel(results, 'SSIM, %s, %s' % (fading, text), matrix.RADIO_CODECS, 'none', False, group, 'SNR, dB',
                           'ssim') for fading, group in groups if group])
    curves.draw([row for row in rows if row], path)


def settings_text(settings, options):
    s = settings
    lines = ['## Settings', '',
             'GStreamer %s, as in Debian 12. Encoders have one thread, no look-ahead, and a target of %g kbit/s for what they put'
             % (s['gstreamer'], options.bitrate / 1000),
             'out; headers and protection come on top and are counted apart. x264 puts its options into the first picture as',
             'text (0.4 kbit/s over 15 s). Packets have at most %d bytes.' % s['mtu'], '']
    for name, codec in s['codecs'].items():
        lines += ['`%s`' % name, '```', codec['sender'].strip(), codec['receiver'].strip(), '```']
    lines += [
        '', '- `x264`, `vp9`, `av1`: one key picture, and those that are asked for. `x264-refresh`: periodic intra refresh within',
        '  5 s; `vp9-keys`, `av1-keys`: a key picture every 5 s, as neither element offers intra refresh. CRLSC refreshes cells by',
        '  itself, at its default share of the rate.',
        '- `av1enc` of GStreamer 1.22 has no property for error resilience, and makes no key picture when it is asked for one',
        '  (measured with libaom 3.6, in each of its key picture modes), so that AV1 has one every 5 s with two ways, too. After a',
        '  loss, `av1dec` decodes nothing before the next one. Debian 12 has no payloader for AV1 (`rtpav1pay` is part of',
        '  gst-plugins-rs): AV1 is sent with `rtpgstpay`, 8 bytes more a packet.',
        '- ulpfec: `%s` behind the payloader; at one packet a picture, a lower percentage' % s['correction'],
        '  leaves whole pictures without protection. The receiver has `rtpstorage` and `rtpulpfecdec`.',
        '- rtx: `rtprtxsend` and `rtprtxreceive`, and a jitter buffer of %d ms: %d tries. The delay is not counted.'
        % (s['retransmission_wait_ms'], s['retransmission_tries']),
        '- Everything runs in virtual time: the packets of a picture arrive with it, what the receiver says arrives %d ms later.'
        % s['round_trip_ms'],
        '  The figures depend on no clock and no load, and are the same in every run.',
        '- Two ways, rivals: a lost packet of a picture asks for a key picture, at most once in %d ms. A lost packet of error'
        % s['key_interval_ms'],
        '  correction asks for nothing. CRLSC: `crlscdec` asks for itself, with reports of what is missing.',
        '- The link is `crlscchannel seed=1` with the same settings for all; it passes everything in the first %d ms, so that every'
        % s['quiet_start_ms'],
        '  stream has begun. Bursts: three packets in a row, every %g s; single losses: one as often. SNR: BPSK, no code for error correction.'
        % options.burst_interval, '']
    return lines


TERMS = [
    'A picture is *put out* if the decoder gave one for its time, and *shown* if that did not merely repeat the one before',
    'while it changed in the lossless run; the rest is *frozen*. SSIM and PSNR are those of luma against the original timeline:',
    'at each time, the latest picture that was put out counts. *Drop* is the difference of SSIM to the same codec without',
    'losses. *Recovery*: seconds from the last lost packet of a burst, or the only one, until SSIM is within 0.02 of the lossless',
    'run again, for half a second; where it was not when the next one came, it counts until then. Rivals show whatever their decoder',
    'puts out, torn as it may be; "held" is what WebRTC does, which stands still until a key picture has come whole.',
    'CRLSC spends 0.4 of its rate on cells that are sent anew (`refresh-share=0.4`).', '']


def write(rows, clips, settings, code, options):
    results = Results(rows, clips)
    losses = matrix.QUICK_LOSSES if options.quick else matrix.LOSSES
    one_way_losses = losses if options.quick else matrix.ONE_WAY_LOSSES
    radio = matrix.QUICK_RADIO if options.quick else matrix.RADIO
    two_way = [name for codec in matrix.TWO_WAY for name in ([codec] if codec == 'crlsc' else [codec, codec + HELD])]
    one_way_protections, two_way_protections = ['none', 'ulpfec'], ['none', 'ulpfec', 'rtx']
    loss_curves(results, matrix.ONE_WAY, one_way_protections, False, losses, options.out / 'loss-one-way.svg')
    loss_curves(results, two_way, two_way_protections, True, losses, options.out / 'loss-two-ways.svg')
    radio_curves(results, radio, options.out / 'loss-radio.svg')
    lines = ['# Losses', '',
             'Written by `scripts/bench-loss`; [loss.csv](loss.csv) holds every row. CRLSC: model %s, code %s.'
             % (settings['model'], code or 'unknown'),
             'The first %g s of each clip: ' % options.seconds + '; '.join(clip.description() for clip in clips) + '.',
             'Tables are means over the clips unless they name one.', ''] + TERMS
    lines += ['## What is demanded of CRLSC', '', 'Without protection, without any way back:', ''] + demanded(
        results, one_way_losses)
    for title, codecs, protections, way_back, conditions, image in (
            ('One way', matrix.ONE_WAY, one_way_protections, False, one_way_losses, 'loss-one-way.svg'),
            ('Two ways', two_way, two_way_protections, True, losses, 'loss-two-ways.svg')):
        lines += ['## ' + title, '', '![SSIM and pictures shown by loss](%s)' % image, '', 'SSIM:', '']
        lines += matrix_table(results, codecs, protections, way_back, conditions, 'ssim', 4)
        lines += ['Drop of SSIM:', ''] + matrix_table(results, codecs, protections, way_back, conditions, 'ssim_drop', 4)
        lines += ['Pictures shown, %:', ''] + matrix_table(results, codecs, protections, way_back, conditions, 'shown', 1, 100)
        lines += ['All figures:', ''] + all_means(results, codecs, protections, way_back, conditions)
    lines += ['## Radio', '', '![SSIM by SNR](loss-radio.svg)', '']
    lines += radio_tables(results, radio) + settings_text(settings, options)
    (options.out / 'loss.md').write_text('\n'.join(lines).rstrip() + '\n', encoding='utf-8')


def radio_tables(results, radio):
    lines = []
    texts = {'drop': 'packets with a wrong bit are lost', 'deliver': 'packets with wrong bits are handed on, headers intact'}
    for action, text in texts.items():
        for fading in matrix.FADINGS:
            group = [c for c in radio if c.endswith('%s:%s' % (fading, action))]
            if not group:
                continue
            name = 'White noise' if fading == 'awgn' else 'Rayleigh fading'
            lines += ['%s, %s. SSIM, and pictures shown, %%:' % (name, text), '']
            lines += matrix_table(results, matrix.RADIO_CODECS, ['none'], False, group, 'ssim', 4)
            lines += matrix_table(results, matrix.RADIO_CODECS, ['none'], False, group, 'shown', 1, 100)
    failed = ['%s on %s at %s: %s' % (r['codec'], r['clip'], r['condition'], r['failure'])
              for r in results.rows.values() if r['failure']]
    return lines + (['Decoders that ended over what they were sent: ' + '; '.join(failed) + '.', ''] if failed else [])
