// SPDX-License-Identifier: LGPL-2.1-or-later
#include "channel_properties.h"

#include <memory>

namespace crlsc {
namespace {

enum {
  kPropSeed = 1,
  kPropSnr,
  kPropModulation,
  kPropFading,
  kPropCoherence,
  kPropErrorAction,
  kPropLoss,
  kPropLossModel,
  kPropGoodToBad,
  kPropBadToGood,
  kPropLossGood,
  kPropLossBad,
  kPropDropPattern,
  kPropUnequalProtection,
  kPropProtectionGain,
  kPropEnd
};
static_assert(kPropEnd - 1 == kLastChannelProperty);

constexpr auto kFlags =
    static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);
constexpr double kMaxSnr = 100;
constexpr double kMaxGain = 30;
const ChannelSettings kDefaults;

GType register_enum(const char* name, const GEnumValue* values) {
  const GType type = g_enum_register_static(name, values);
  gst_type_mark_as_plugin_api(type, static_cast<GstPluginAPIFlags>(0));
  return type;
}

GType modulation_type() {
  static const GEnumValue values[] = {
      {static_cast<int>(Modulation::kNone), "No physical channel and no bit errors", "none"},
      {static_cast<int>(Modulation::kBpsk), "1 bit per symbol", "bpsk"},
      {static_cast<int>(Modulation::kQpsk), "2 bits per symbol", "qpsk"},
      {static_cast<int>(Modulation::kQam16), "4 bits per symbol, Gray coded", "16qam"},
      {0, nullptr, nullptr}};
  static const GType type = register_enum("GstCrlscChannelModulation", values);
  return type;
}

GType fading_type() {
  static const GEnumValue values[] = {
      {static_cast<int>(Fading::kNone), "White Gaussian noise only", "none"},
      {static_cast<int>(Fading::kRayleigh), "Rayleigh block fading, known to the receiver", "rayleigh"},
      {0, nullptr, nullptr}};
  static const GType type = register_enum("GstCrlscChannelFading", values);
  return type;
}

GType error_action_type() {
  static const GEnumValue values[] = {
      {static_cast<int>(ErrorAction::kDrop), "Drop packets with bit errors, as checksums do", "drop"},
      {static_cast<int>(ErrorAction::kDeliver), "Hand them on; RTP headers stay intact", "deliver"},
      {0, nullptr, nullptr}};
  static const GType type = register_enum("GstCrlscChannelErrorAction", values);
  return type;
}

GType loss_model_type() {
  static const GEnumValue values[] = {
      {static_cast<int>(LossModel::kUniform), "Each packet by itself, with probability loss", "uniform"},
      {static_cast<int>(LossModel::kGilbertElliott), "In bursts, by a good and a bad state", "gilbert-elliott"},
      {0, nullptr, nullptr}};
  static const GType type = register_enum("GstCrlscChannelLossModel", values);
  return type;
}

void install_probability(GObjectClass* object_class, guint id, const char* name, const char* nick, const char* blurb,
                         double initial) {
  g_object_class_install_property(object_class, id, g_param_spec_double(name, nick, blurb, 0, 1, initial, kFlags));
}

void install_physical(GObjectClass* object_class) {
  /**
   * GstCrlscChannel:snr:
   *
   * Es/N0 in dB: the energy of a symbol, in fading its mean, over the one-sided noise density. Eb/N0 is less by 3.01 dB
   * with QPSK and by 6.02 dB with 16-QAM.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropSnr,
      g_param_spec_double("snr", "SNR", "Es/N0 in dB, in fading its mean", -kMaxSnr, kMaxSnr, kDefaults.snr, kFlags));
  /**
   * GstCrlscChannel:modulation:
   *
   * How bits become symbols. Bits are not wrong unless the snr is low.
   *
   * Since: 0.1
   */
  g_object_class_install_property(object_class, kPropModulation,
                                  g_param_spec_enum("modulation", "Modulation", "How bits become symbols",
                                                    modulation_type(), static_cast<int>(kDefaults.modulation), kFlags));
  /**
   * GstCrlscChannel:fading:
   *
   * Whether the snr changes from block to block.
   *
   * Since: 0.1
   */
  g_object_class_install_property(object_class, kPropFading,
                                  g_param_spec_enum("fading", "Fading", "Whether the snr changes from block to block",
                                                    fading_type(), static_cast<int>(kDefaults.fading), kFlags));
  /**
   * GstCrlscChannel:coherence:
   *
   * Symbols in a block of constant fading. Blocks go on over the borders of packets. 0: each packet is a block.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropCoherence,
      g_param_spec_uint("coherence", "Coherence", "Symbols in a block of constant fading (0 = each packet is a block)",
                        0, G_MAXUINT, kDefaults.coherence, kFlags));
  /**
   * GstCrlscChannel:error-action:
   *
   * What becomes of packets with wrong bits.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropErrorAction,
      g_param_spec_enum("error-action", "Error action", "What becomes of packets with wrong bits", error_action_type(),
                        static_cast<int>(kDefaults.error_action), kFlags));
}

void install_uniform(GObjectClass* object_class) {
  /**
   * GstCrlscChannel:loss-model:
   *
   * Which of the following properties say how packets are lost.
   *
   * Since: 0.1
   */
  g_object_class_install_property(object_class, kPropLossModel,
                                  g_param_spec_enum("loss-model", "Loss model", "How packets are lost",
                                                    loss_model_type(), static_cast<int>(kDefaults.loss.model), kFlags));
  /**
   * GstCrlscChannel:loss:
   *
   * Probability that a packet is lost, of loss-model=uniform.
   *
   * Since: 0.1
   */
  install_probability(object_class, kPropLoss, "loss", "Loss", "Probability that a packet is lost (uniform)",
                      kDefaults.loss.loss);
}

void install_gilbert_elliott(GObjectClass* object_class) {
  /**
   * GstCrlscChannel:good-to-bad:
   *
   * p of loss-model=gilbert-elliott: the probability that the bad state follows the good one, packet by packet.
   *
   * Since: 0.1
   */
  install_probability(object_class, kPropGoodToBad, "good-to-bad", "Good to bad",
                      "Probability that the bad state follows the good one (gilbert-elliott)",
                      kDefaults.loss.good_to_bad);
  /**
   * GstCrlscChannel:bad-to-good:
   *
   * r of loss-model=gilbert-elliott: the probability that the good state follows the bad one, which so lasts 1/r
   * packets.
   *
   * Since: 0.1
   */
  install_probability(object_class, kPropBadToGood, "bad-to-good", "Bad to good",
                      "Probability that the good state follows the bad one (gilbert-elliott)",
                      kDefaults.loss.bad_to_good);
  /**
   * GstCrlscChannel:loss-good:
   *
   * Probability that a packet is lost in the good state of loss-model=gilbert-elliott.
   *
   * Since: 0.1
   */
  install_probability(object_class, kPropLossGood, "loss-good", "Loss in the good state",
                      "Probability that a packet is lost in the good state (gilbert-elliott)",
                      kDefaults.loss.loss_good);
  /**
   * GstCrlscChannel:loss-bad:
   *
   * Probability that a packet is lost in the bad state of loss-model=gilbert-elliott.
   *
   * Since: 0.1
   */
  install_probability(object_class, kPropLossBad, "loss-bad", "Loss in the bad state",
                      "Probability that a packet is lost in the bad state (gilbert-elliott)", kDefaults.loss.loss_bad);
}

void install_others(GObjectClass* object_class) {
  /**
   * GstCrlscChannel:seed:
   *
   * Two channels with the same seed and settings do the same to the same packets.
   *
   * Since: 0.1
   */
  g_object_class_install_property(object_class, kPropSeed,
                                  g_param_spec_uint64("seed", "Seed", "What the random numbers begin with", 0,
                                                      G_MAXUINT64, kDefaults.seed, kFlags));
  /**
   * GstCrlscChannel:drop-pattern:
   *
   * Numbers of packets that are lost, such as 3,100-102,500-; the first packet since READY has number 0. A text that
   * cannot be read keeps the element from READY; set later, it changes nothing and gives a warning message.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropDropPattern,
      g_param_spec_string("drop-pattern", "Drop pattern", "Numbers of packets to be lost, such as 3,100-102,500-",
                          nullptr, kFlags));
  /**
   * GstCrlscChannel:unequal-protection:
   *
   * Protect packets that are flagged NON_DROPPABLE by repetition.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropUnequalProtection,
      g_param_spec_boolean("unequal-protection", "Unequal protection", "Protect NON_DROPPABLE packets by repetition",
                           kDefaults.unequal_protection, kFlags));
  /**
   * GstCrlscChannel:protection-gain:
   *
   * By how many dB unequal-protection raises the snr of NON_DROPPABLE packets, as n = 10^(gain/10) repetitions do.
   * They take n times the bytes, and of a loss probability q, q^n is left.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, kPropProtectionGain,
      g_param_spec_double("protection-gain", "Protection gain", "SNR that unequal-protection adds, in dB", 0, kMaxGain,
                          kDefaults.protection_gain, kFlags));
}

}  // namespace

void install_channel_properties(GObjectClass* object_class) {
  install_physical(object_class);
  install_uniform(object_class);
  install_gilbert_elliott(object_class);
  install_others(object_class);
}

void set_channel_property(ChannelProperties& properties, guint id, const GValue* value) {
  ChannelSettings& settings = properties.settings;
  LossSettings& loss = settings.loss;
  switch (id) {
    case kPropSeed:
      settings.seed = g_value_get_uint64(value);
      break;
    case kPropSnr:
      settings.snr = g_value_get_double(value);
      break;
    case kPropModulation:
      settings.modulation = static_cast<Modulation>(g_value_get_enum(value));
      break;
    case kPropFading:
      settings.fading = static_cast<Fading>(g_value_get_enum(value));
      break;
    case kPropCoherence:
      settings.coherence = g_value_get_uint(value);
      break;
    case kPropErrorAction:
      settings.error_action = static_cast<ErrorAction>(g_value_get_enum(value));
      break;
    case kPropLoss:
      loss.loss = g_value_get_double(value);
      break;
    case kPropLossModel:
      loss.model = static_cast<LossModel>(g_value_get_enum(value));
      break;
    case kPropGoodToBad:
      loss.good_to_bad = g_value_get_double(value);
      break;
    case kPropBadToGood:
      loss.bad_to_good = g_value_get_double(value);
      break;
    case kPropLossGood:
      loss.loss_good = g_value_get_double(value);
      break;
    case kPropLossBad:
      loss.loss_bad = g_value_get_double(value);
      break;
    case kPropUnequalProtection:
      settings.unequal_protection = g_value_get_boolean(value) != FALSE;
      break;
    case kPropProtectionGain:
      settings.protection_gain = g_value_get_double(value);
      break;
    default: {
      const gchar* text = g_value_get_string(value);
      properties.drop_pattern = text != nullptr ? text : "";
      settings.drop_pattern = std::make_shared<const DropPattern>(properties.drop_pattern);
    }
  }
}

void get_channel_property(const ChannelProperties& properties, guint id, GValue* value) {
  const ChannelSettings& settings = properties.settings;
  const LossSettings& loss = settings.loss;
  switch (id) {
    case kPropSeed:
      g_value_set_uint64(value, settings.seed);
      break;
    case kPropSnr:
      g_value_set_double(value, settings.snr);
      break;
    case kPropModulation:
      g_value_set_enum(value, static_cast<int>(settings.modulation));
      break;
    case kPropFading:
      g_value_set_enum(value, static_cast<int>(settings.fading));
      break;
    case kPropCoherence:
      g_value_set_uint(value, settings.coherence);
      break;
    case kPropErrorAction:
      g_value_set_enum(value, static_cast<int>(settings.error_action));
      break;
    case kPropLoss:
      g_value_set_double(value, loss.loss);
      break;
    case kPropLossModel:
      g_value_set_enum(value, static_cast<int>(loss.model));
      break;
    case kPropGoodToBad:
      g_value_set_double(value, loss.good_to_bad);
      break;
    case kPropBadToGood:
      g_value_set_double(value, loss.bad_to_good);
      break;
    case kPropLossGood:
      g_value_set_double(value, loss.loss_good);
      break;
    case kPropLossBad:
      g_value_set_double(value, loss.loss_bad);
      break;
    case kPropUnequalProtection:
      g_value_set_boolean(value, settings.unequal_protection);
      break;
    case kPropProtectionGain:
      g_value_set_double(value, settings.protection_gain);
      break;
    default:
      g_value_set_string(value, properties.drop_pattern.empty() ? nullptr : properties.drop_pattern.c_str());
  }
}

}  // namespace crlsc
