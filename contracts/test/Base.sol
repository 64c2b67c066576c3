// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Action} from "../src/Action.sol";
import {ILicenseRegistry} from "../src/ILicenseRegistry.sol";
import {LicenseRegistry} from "../src/LicenseRegistry.sol";

/// @notice The few of Forge's cheat codes that these tests use: a library of its own would only add a download.
interface Vm {
    struct Gas {
        uint64 gasLimit;
        uint64 gasTotalUsed;
        uint64 gasMemoryUsed;
        int64 gasRefunded;
        uint64 gasRemaining;
    }

    function prank(address caller) external;
    function warp(uint256 time) external;
    function roll(uint256 number) external;
    function etch(address where, bytes calldata code) external;
    function mockCall(address where, bytes calldata data, bytes calldata answer) external;
    function mockCallRevert(address where, bytes calldata data, bytes calldata answer) external;
    function assume(bool condition) external pure;
    function expectEmit() external;
    function expectEmit(address emitter) external;
    function expectRevert(bytes calldata data) external;
    function expectRevert() external;
    function expectPartialRevert(bytes4 selector) external;
    function lastCallGas() external view returns (Gas memory);
    function assertTrue(bool condition, string calldata why) external pure;
    function assertLe(uint256 left, uint256 right, string calldata why) external pure;
    function assertEq(uint256 left, uint256 right, string calldata why) external pure;
    function assertEq(bytes32 left, bytes32 right, string calldata why) external pure;
    function assertEq(address left, address right, string calldata why) external pure;
    function assertEq(bytes calldata left, bytes calldata right, string calldata why) external pure;
}

/// @notice A registry with four founders, and short ways to act for them.
abstract contract Base {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    bytes32 internal constant EMPTY_ROOT = 0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855;
    uint32 internal constant BJ = 110000;
    uint32 internal constant GD = 440000;
    uint32 internal constant CQ = 500000;
    uint32 internal constant SC = 510000;
    uint32 internal constant YN = 530000; // no founder
    uint64 internal constant NEVER = type(uint64).max;

    LicenseRegistry internal registry;

    function setUp() public virtual {
        registry = _deploy(4);
    }

    // ----------------------------------------------------------------------------------------------- who is who

    function _founderCodes() internal pure returns (uint32[4] memory) {
        return [BJ, GD, CQ, SC];
    }

    /// @dev A registry that begins with the first `count` founders.
    function _deploy(uint256 count) internal returns (LicenseRegistry) {
        ILicenseRegistry.Founder[] memory founders = new ILicenseRegistry.Founder[](count);
        for (uint256 i = 0; i < count; ++i) {
            founders[i] = _founder(_founderCodes()[i]);
        }
        return new LicenseRegistry(founders);
    }

    function _founder(uint32 code) internal pure returns (ILicenseRegistry.Founder memory) {
        return ILicenseRegistry.Founder(code, _admin(code), _anchorer(code), _logId(code), "https://node.example");
    }

    function _admin(uint32 code) internal pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode("admin", code)))));
    }

    function _anchorer(uint32 code) internal pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode("anchorer", code)))));
    }

    function _logId(uint32 code) internal pure returns (bytes32) {
        return keccak256(abi.encode("log", code));
    }

    function _stranger(uint256 number) internal pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode("stranger", number)))));
    }

    // ---------------------------------------------------------------------------------------------------- voting

    function _propose(uint32 proposer, uint8 action, uint32 target, bytes memory payload) internal returns (uint256) {
        vm.prank(_admin(proposer));
        return registry.propose(proposer, action, target, payload);
    }

    function _approve(uint256 id, uint32 voter) internal {
        vm.prank(_admin(voter));
        registry.approve(id, voter);
    }

    /// @dev Propose, and let every other founder but the target approve.
    function _agree(uint32 proposer, uint8 action, uint32 target, bytes memory payload) internal returns (uint256 id) {
        id = _propose(proposer, action, target, payload);
        uint32[] memory codes = registry.members();
        for (uint256 i = 0; i < codes.length; ++i) {
            if (codes[i] != target && codes[i] != proposer && _isActive(codes[i])) _approve(id, codes[i]);
        }
    }

    function _suspend(uint32 target) internal {
        registry.execute(_agree(target == BJ ? GD : BJ, Action.SUSPEND, target, ""));
    }

    function _admission(uint32 code) internal pure returns (bytes memory) {
        return abi.encode(_admin(code), _anchorer(code), _logId(code), "https://node.example");
    }

    // --------------------------------------------------------------------------------------------------- reading

    function _isActive(uint32 code) internal view returns (bool active) {
        (,,,, active,,,) = registry.member(code);
    }

    function _digest(bytes32 previous, ILicenseRegistry.Anchor memory it) internal pure returns (bytes32) {
        return sha256(abi.encode(previous, it));
    }

    /// @dev Expect the next call to be refused with this error and these parameters.
    function _refused(bytes memory data) internal {
        vm.expectRevert(data);
    }
}
